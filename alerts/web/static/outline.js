// Draws an outline on a picture; the field with the corners is what is sent, and works alone.
"use strict";

(() => {
  const box = document.getElementById("draw");
  const form = document.getElementById("outline");
  if (!box || !form) return;

  const field = form.elements.namedItem("outline");
  const picture = box.querySelector("img");
  const [west, east, south, north] = ["west", "east", "south", "north"].map((side) => Number(box.dataset[side]));
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const SIDE = 1000;
  const sheet = document.createElementNS(NAMESPACE, "svg");
  sheet.setAttribute("viewBox", `0 0 ${SIDE} ${SIDE}`);
  sheet.setAttribute("preserveAspectRatio", "none");
  sheet.setAttribute("aria-hidden", "true");
  box.append(sheet);
  let held = null;

  const parts = () =>
    field.value.split(/\n\s*\n/).map((part) =>
      part.split("\n").map((line) => line.split(/[,;\s]+/).filter(Boolean).map(Number))
        .filter((corner) => corner.length === 2 && corner.every(Number.isFinite)));
  const toSheet = ([x, y]) => [((x - west) / (east - west)) * SIDE, ((north - y) / (north - south)) * SIDE];
  const toEarth = ([x, y]) => [west + (x / SIDE) * (east - west), north - (y / SIDE) * (north - south)];
  const text = (all) =>
    all.map((part) => part.map(([x, y]) => `${x.toFixed(6)}, ${y.toFixed(6)}`).join("\n")).join("\n\n");

  const add = (name, attributes) => {
    const element = document.createElementNS(NAMESPACE, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    sheet.append(element);
    return element;
  };

  const draw = () => {
    sheet.replaceChildren();
    parts().forEach((part, number) => {
      const corners = part.map(toSheet);
      add("polygon", { points: corners.map((corner) => corner.join(",")).join(" "), class: "line" });
      corners.forEach(([x, y], corner) =>
        add("circle", { cx: x, cy: y, r: 9, class: "corner", "data-part": number, "data-corner": corner }));
    });
  };

  const where = (event) => {
    const area = picture.getBoundingClientRect();
    return [((event.clientX - area.left) / area.width) * SIDE, ((event.clientY - area.top) / area.height) * SIDE];
  };

  const write = (all) => {
    field.value = text(all.filter((part) => part.length > 0));
    draw();
  };

  sheet.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const all = parts();
    if (event.target.dataset.corner !== undefined) {
      held = [Number(event.target.dataset.part), Number(event.target.dataset.corner)];
    } else {
      all.at(-1).push(toEarth(where(event)));
      held = [all.length - 1, all.at(-1).length - 1];
      write(all);
    }
    sheet.setPointerCapture(event.pointerId);
  });
  sheet.addEventListener("pointermove", (event) => {
    if (!held) return;
    const all = parts();
    all[held[0]][held[1]] = toEarth(where(event));
    write(all);
  });
  sheet.addEventListener("pointerup", () => {
    held = null;
  });

  const acts = {
    undo: () => {
      const all = parts();
      all.at(-1).pop();
      write(all);
    },
    clear: () => write([]),
    original: () => {
      field.value = box.dataset.original;
      draw();
    },
  };
  const buttons = document.getElementById("drawing");
  buttons.hidden = false;
  buttons.addEventListener("click", (event) => acts[event.target.dataset.act]?.());
  field.addEventListener("input", draw);
  draw();
})();
