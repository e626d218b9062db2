// Keys and checks of the forms that hold a verdict. Without this script they are plain forms.
"use strict";

(() => {
  const typing = (target) =>
    target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;

  // A reason is asked for before the form leaves, next to where it is chosen.
  const requireReason = (event) => {
    const button = event.submitter;
    const select = event.target.querySelector("select[name=reason]");
    if (!button || !select) return;
    const missing = button.dataset.needs !== undefined && select.value === "";
    select.setCustomValidity(missing ? button.dataset.needs : "");
    if (missing) {
      event.preventDefault();
      select.reportValidity();
      select.focus();
    }
  };

  // One form is sent once: a second click while the first is on its way is nothing.
  const once = (event) => {
    if (event.defaultPrevented) return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  };

  // Digits choose a reason while the list has the focus; Enter then sends the form.
  const reasonKeys = (event) => {
    const select = event.target;
    if (!(select instanceof HTMLSelectElement) || select.name !== "reason") return;
    const option = select.querySelector(`option[data-key="${CSS.escape(event.key)}"]`);
    if (option) {
      select.value = option.value;
      select.setCustomValidity("");
      event.preventDefault();
    } else if (event.key === "Enter" && select.value !== "") {
      const button = select.form.querySelector("button[value=reject], button[value=retract]");
      event.preventDefault();
      button.click();
    }
  };

  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", requireReason);
    form.addEventListener("submit", once);
    form.addEventListener("keydown", reasonKeys);
    form.querySelector("select[name=reason]")?.addEventListener("change", (event) => {
      event.target.setCustomValidity("");
    });
  }
  // A page from the browser's memory may be sent again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  window.emberwatch = { typing };
})();
