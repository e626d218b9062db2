// Thousands of areas: returns a layer of boxes on one canvas. Each is
// [west, south, east, north, stroke, name, line]; names and lines are HTML that is escaped.
function emberwatchBoxes(strokes, lines, boxes) {
  const renderer = L.canvas({padding: 0.3});
  return L.layerGroup(boxes.map(([west, south, east, north, stroke, name, line]) =>
    L.rectangle([[south, west], [north, east]], {...strokes[stroke], renderer})
      .bindTooltip('<strong>' + name + '</strong><br>' + lines[line])));
}

// Returns a layer of dots, larger where more stands: [latitude, longitude, count, HTML].
function emberwatchCounts(stroke, dots) {
  const renderer = L.canvas({padding: 0.3, pane: 'markerPane'});
  return L.layerGroup(dots.map(([latitude, longitude, count, text]) =>
    L.circleMarker([latitude, longitude],
      {...stroke, renderer, radius: 3 + 2 * Math.log10(count)}).bindTooltip(text)));
}
