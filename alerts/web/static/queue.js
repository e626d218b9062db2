// The queue by keyboard: j and k move, Enter opens, c r u n decide on the row that has the focus.
"use strict";

(() => {
  const rows = [...document.querySelectorAll("#queue > li")];
  const dialog = document.getElementById("decide");
  const preview = document.getElementById("preview");
  if (rows.length === 0 || !dialog) return;

  const form = dialog.querySelector("form");
  const note = form.elements.namedItem("note");
  const reason = form.elements.namedItem("reason");
  const title = dialog.querySelector("h2");
  const wide = window.matchMedia("(min-width: 70rem)");
  let current = null;
  let waiting = 0;

  const draftOf = (row) => `draft:${row.dataset.alert}`;

  // The server draws a map once and keeps it: the next one is ready when it is wanted.
  const ahead = (row) => {
    const next = rows[rows.indexOf(row) + 1];
    if (next && current === row) fetch(`/alerts/${encodeURIComponent(next.dataset.alert)}/map`).catch(() => {});
  };

  const show = (row) => {
    // The map is as heavy as a picture: it is fetched once a row keeps the focus.
    window.clearTimeout(waiting);
    if (!preview || !wide.matches) return;
    waiting = window.setTimeout(() => {
      const frame = document.createElement("iframe");
      frame.setAttribute("sandbox", "allow-scripts");
      frame.title = `${preview.dataset.title} ${row.dataset.ref}`;
      frame.tabIndex = -1;
      frame.src = `/alerts/${encodeURIComponent(row.dataset.alert)}/map`;
      // Shown first: a map in a frame without a size opens on the whole world.
      preview.hidden = false;
      preview.replaceChildren(frame);
      frame.addEventListener("load", () => ahead(row), { once: true });
    }, 250);
  };

  const select = (row, focus = true) => {
    if (current === row) return;
    current?.classList.remove("current");
    current = row;
    row.classList.add("current");
    if (focus) row.querySelector("a.what").focus();
    row.scrollIntoView({ block: "nearest" });
    show(row);
  };

  const move = (steps) => {
    const at = current ? rows.indexOf(current) + steps : 0;
    select(rows[Math.min(Math.max(at, 0), rows.length - 1)]);
  };

  const open = (verdict) => {
    if (!current) select(rows[0]);
    const allowed = current.dataset.verdicts.split(" ");
    if (verdict && !allowed.includes(verdict)) {
      // What cannot be decided here, can be read on its page.
      current.querySelector("a.what").click();
      return;
    }
    title.textContent = title.dataset.words.replace("%", current.dataset.ref);
    form.action = `/alerts/${encodeURIComponent(current.dataset.alert)}/verdict`;
    form.elements.namedItem("revision").value = current.dataset.revision;
    note.value = window.sessionStorage.getItem(draftOf(current)) ?? "";
    reason.value = "";
    for (const button of form.querySelectorAll("button[name=verdict]")) {
      button.hidden = !allowed.includes(button.value);
    }
    form.querySelector("[data-for=reject]").hidden = !allowed.includes("reject");
    dialog.showModal();
    const target = { confirm: "button[value=confirm]", unsure: "button[value=unsure]", reject: "select" };
    form.querySelector(target[verdict] ?? "textarea").focus();
  };

  const keys = {
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    c: () => open("confirm"),
    r: () => open("reject"),
    u: () => open("unsure"),
    n: () => open(""),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (window.emberwatch.typing(event.target)) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  for (const row of rows) {
    row.addEventListener("focusin", () => select(row, false));
    row.addEventListener("click", (event) => {
      if (!event.target.closest("a")) select(row);
    });
  }

  // A note that is typed stays with its alert until it was sent.
  note.addEventListener("input", () => window.sessionStorage.setItem(draftOf(current), note.value));
  form.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) window.sessionStorage.removeItem(draftOf(current));
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => current.querySelector("a.what").focus());

  const named = window.location.hash ? document.getElementById(window.location.hash.slice(1)) : null;
  // Where there is no keyboard, nothing takes the focus unasked.
  select(rows.includes(named) ? named : rows[0], window.matchMedia("(pointer: fine)").matches);
})();
