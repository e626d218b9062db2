// Adds zoom buttons, a metric scale, the direction of north and the credit line.
function emberwatchCorner(map, options) {
  const container = map.getContainer();
  container.classList.toggle('bare', options.bare);
  L.control.zoom({position: 'topleft', zoomInTitle: options.zoomIn,
    zoomOutTitle: options.zoomOut}).addTo(map);
  L.control.scale({position: 'bottomleft', imperial: false, maxWidth: 120}).addTo(map);
  const north = L.control({position: 'bottomleft'});
  north.onAdd = () => {
    const note = L.DomUtil.create('div', 'corner-note');
    note.textContent = '\u2191 ' + options.north;
    note.dir = options.direction;
    return note;
  };
  north.addTo(map);
  if (options.attribution) map.attributionControl.addAttribution(options.attribution);
  const layers = container.querySelector('.leaflet-control-layers');
  if (!layers) return;
  const toggle = layers.querySelector('.leaflet-control-layers-toggle');
  toggle.title = options.layers;
  toggle.setAttribute('aria-label', options.layers);
  // On a wide screen the list of layers is the legend beside the map, and covers nothing.
  const place = document.querySelector('.layers-here');
  if (place && window.matchMedia('(min-width: 900px)').matches) {
    place.append(layers);
    place.closest('details').classList.add('with-layers');
  }
}
