// One alert: keys for the verdict, and the line between two pictures.
"use strict";

(() => {
  const form = document.getElementById("verdict");
  if (form) {
    const note = form.elements.namedItem("note");
    const reason = form.elements.namedItem("reason");
    const draft = `draft:${decodeURIComponent(form.action.split("/").at(-2))}`;
    note.value ||= window.sessionStorage.getItem(draft) ?? "";
    note.addEventListener("input", () => window.sessionStorage.setItem(draft, note.value));
    form.addEventListener("submit", (event) => {
      if (!event.defaultPrevented) window.sessionStorage.removeItem(draft);
    });
    const focus = (element) => {
      element?.focus();
      element?.scrollIntoView({ block: "center" });
    };
    const keys = {
      c: () => focus(form.querySelector("button[value=confirm]")),
      u: () => focus(form.querySelector("button[value=unsure]")),
      r: () => focus(reason),
      n: () => focus(note),
    };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || window.emberwatch.typing(event.target)) return;
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
    // Back out of a field, so that the keys work again.
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") event.target.blur();
    });
  }

  const compare = document.querySelector(".compare");
  if (compare) {
    const over = compare.querySelector(".over");
    const label = compare.querySelector(".swiper");
    const range = label.querySelector("input");
    const draw = () => {
      over.style.clipPath = `inset(0 ${100 - range.value}% 0 0)`;
      compare.style.setProperty("--at", `${range.value}%`);
    };
    label.hidden = false;
    compare.classList.add("live");
    range.addEventListener("input", draw);
    draw();
  }
})();
