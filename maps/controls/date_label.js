// Shows the date of the only picture at the top of the map.
function emberwatchDateLabel(map, options) {
  const label = L.DomUtil.create('div', 'swipe-date only-date', map.getContainer());
  label.dir = options.direction;
  label.innerHTML = options.text;
}
