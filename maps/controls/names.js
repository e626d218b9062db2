// Returns a layer of names; each is [latitude, longitude, HTML that is escaped, main or not].
function emberwatchNames(names) {
  return L.layerGroup(names.map(([latitude, longitude, text, isMain]) => {
    const className = 'map-name' + (isMain ? ' map-name-main' : '');
    const icon = L.divIcon({className, html: '<span>' + text + '</span>', iconSize: [0, 0]});
    return L.marker([latitude, longitude], {icon, interactive: false, keyboard: false});
  }));
}
