/* Keys, focus, live parts. Pages work without it. */
"use strict";
(() => {
  const find = (what) => document.querySelector(what);
  const on = (name, act, how) => document.addEventListener(name, act, how);
  const writes = (at) => at && at.matches("input:not([type=radio],[type=checkbox]),textarea,select");
  const isTyped = (at) => writes(at) && at.value !== "" && at.value !== at.defaultValue;

  on("keydown", (event) => {
    const at = document.activeElement;
    // a scanner's GS is Ctrl+] of a US keyboard, whatever the layout here
    if (event.ctrlKey && event.code === "BracketRight" && at.matches("[data-scan]")) {
      event.preventDefault();
      at.setRangeText("\u001d", at.selectionStart, at.selectionEnd, "end");
    }
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key.length > 1) return special(event, at);
    // a scan while nothing takes text goes to the box for it; its Enter presses nothing else
    const scan = find("main [data-scan]") || find("#scan");
    if (scan && event.key !== " " && !writes(at)) scan.focus();
  });

  function special(event, at) {
    let wanted = find(`[data-key="${event.key}"]`);
    if (event.key === "Enter") {
      const isIdle = at === document.body || at.id === "main" || (at.id === "scan" && at.value === "");
      wanted = isIdle ? find("main .big") : null;
    }
    if (!wanted) return;
    event.preventDefault();
    if (!event.repeat) wanted.click();
  }

  // scanners send two line ends, people press twice
  on("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 4000);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });

  // what is half typed stays when a part changes
  let kept = [], last = null;
  on("htmx:beforeSwap", (event) => {
    const boxes = event.detail.target.querySelectorAll("input[id],textarea[id],select[id]");
    kept = [...boxes].filter(isTyped).map((box) => [box.id, box.value]);
    const at = document.activeElement;
    last = at === document.body || (at.id === "scan" && !at.value) ? null
      : { at, id: at.id, from: at.selectionStart, to: at.selectionEnd };
  });
  const before = () => last && (last.at.isConnected ? last.at : document.getElementById(last.id));
  on("htmx:afterSwap", () => {
    for (const [id, value] of kept) {
      const box = document.getElementById(id);
      if (box && (box.options || box.value === box.defaultValue)) box.value = value;
    }
    const at = before();
    if (!at) return;
    at.focus({ preventScroll: true });
    if (typeof last.from === "number" && at.setSelectionRange) at.setSelectionRange(last.from, last.to);
  });
  on("htmx:afterSettle", () => {
    before()?.focus({ preventScroll: true });
    say();
  });

  // a part asks again: after a wait without news, and when the program is back
  on("htmx:afterRequest", (event) => {
    const part = event.detail.requestConfig.elt, status = event.detail.xhr.status, lost = find("#lost");
    if (!part.matches("[data-live]")) {
      if (status < 400) find("#problem").replaceChildren();
      return;
    }
    const isLost = status === 0 || status >= 429;
    lost.textContent = isLost ? lost.dataset.text : "";
    lost.hidden = !isLost;
    if (isLost || status === 204) setTimeout(again, isLost ? 1500 : 50, part);
  });
  function again(part) {
    if (!part.isConnected) return;
    if (!document.hidden) return htmx.trigger(part, "again");
    on("visibilitychange", () => again(part), { once: true });
  }

  // a screen reader hears news
  let said = null;
  function say() {
    const text = [...document.querySelectorAll("[data-say]")].map((each) => each.dataset.say).join(" ").trim();
    if (said !== null && text !== said) find("#said").textContent = text;
    said = text;
  }
  on("DOMContentLoaded", say);
  const box = find("[autofocus]"); box?.focus(); box?.select?.();
})();
