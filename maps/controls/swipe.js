// Clips two panes of a Leaflet map along a line that pointer, touch and keyboard move.
function emberwatchSwipe(map, options) {
  const [before, after] = options.panes.map((name) => map.getPane(name));
  const root = L.DomUtil.create('div', 'swipe', map.getContainer());
  const line = L.DomUtil.create('div', 'swipe-line', root);
  const handle = L.DomUtil.create('div', 'swipe-handle', line);
  let fraction = 0.5;

  handle.innerHTML = '<svg width="26" height="16" viewBox="0 0 26 16" aria-hidden="true">' +
    '<path d="M8 1 1 8l7 7M18 1l7 7-7 7" fill="none" stroke="currentColor" stroke-width="2.4"/></svg>';
  for (const side of ['before', 'after']) {
    const label = L.DomUtil.create('div', 'swipe-date swipe-' + side, line);
    label.dir = options.direction;
    label.innerHTML = options[side];
  }
  handle.tabIndex = 0;
  const fixed = {role: 'slider', 'aria-orientation': 'horizontal', 'aria-label': options.label,
    'aria-valuemin': 0, 'aria-valuemax': 100};
  for (const [name, value] of Object.entries(fixed)) handle.setAttribute(name, value);

  function draw() {
    const size = map.getSize();
    const x = Math.round(size.x * fraction);
    const percent = Math.round(fraction * 100);
    // Panes move with the map, the line does not: clip in the coordinates of the panes.
    const topLeft = map.containerPointToLayerPoint([0, 0]);
    const bottomRight = map.containerPointToLayerPoint(size);
    const cut = topLeft.x + x;
    before.style.clipPath = box(topLeft.x, cut, topLeft.y, bottomRight.y);
    after.style.clipPath = box(cut, bottomRight.x, topLeft.y, bottomRight.y);
    line.style.left = x + 'px';
    handle.setAttribute('aria-valuenow', percent);
    handle.setAttribute('aria-valuetext', options.value.replace('{0}', percent));
  }

  function box(left, right, top, bottom) {
    return 'polygon(' + [[left, top], [right, top], [right, bottom], [left, bottom]]
      .map(([x, y]) => x + 'px ' + y + 'px').join(',') + ')';
  }

  function moveTo(next) {
    fraction = Math.min(1, Math.max(0, next));
    draw();
  }

  L.DomEvent.disableClickPropagation(handle);
  handle.addEventListener('pointerdown', (event) => {
    handle.setPointerCapture(event.pointerId);
    handle.focus({preventScroll: true});
    event.preventDefault();
  });
  handle.addEventListener('pointermove', (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const frame = map.getContainer().getBoundingClientRect();
    moveTo((event.clientX - frame.left) / frame.width);
  });
  handle.addEventListener('keydown', (event) => {
    const step = event.shiftKey ? 0.1 : 0.02;
    const next = {ArrowLeft: fraction - step, ArrowDown: fraction - step,
      ArrowRight: fraction + step, ArrowUp: fraction + step,
      PageDown: fraction - 0.1, PageUp: fraction + 0.1, Home: 0, End: 1}[event.key];
    if (next === undefined) return;
    // Else the map pans under the reader's arrow keys.
    event.preventDefault();
    event.stopPropagation();
    moveTo(next);
  });
  map.on('move zoomend viewreset resize layeradd', draw);
  draw();
}
