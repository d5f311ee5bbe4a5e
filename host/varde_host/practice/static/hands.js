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
// A mouse gives the focus back to what is asked, so that Enter answers it and moves no hand twice.
document.addEventListener("click", (event) => {
  const form = event.target.closest("button")?.closest(".practice-hand");
  if (!form || event.detail === 0 || !form.checkValidity()) return;
  setTimeout(() => document.querySelector("main [autofocus]")?.focus());
});
