// A hand with a scanner: the code goes where a scan is wanted, as a scanner would type it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-code]");
  if (!button) return;
  const box = document.querySelector("main input[data-scan]") || document.querySelector("input[data-scan]");
  if (!box) return;
  box.focus();
  box.value = button.dataset.code;
  box.form.requestSubmit();
});
