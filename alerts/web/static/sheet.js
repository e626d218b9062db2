// Draws outlines without any tiles, and lets a person draw one; the text field is what is sent.
"use strict";

(() => {
  const STYLES = {
    area: { color: "#5b6670", weight: 1.5, fillOpacity: 0.12 },
    draft: { color: "#7a1f12", weight: 3, fillOpacity: 0.2 },
    alert: { color: "#b3261e", weight: 2, fillOpacity: 0.5 },
  };
  const DOTS = {
    place: { radius: 4, color: "#0b4f8a", weight: 1, fillOpacity: 0.8 },
    heat: { radius: 6, color: "#b25a00", weight: 2, fillOpacity: 0.6 },
    alert: { radius: 6, color: "#b3261e", weight: 2, fillOpacity: 0.8 },
  };
  const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

  const text = (words) => {
    // A text node: names are never markup.
    const element = document.createElement("span");
    element.textContent = words;
    return element;
  };

  const netOf = (map) => {
    const net = L.layerGroup().addTo(map);
    const draw = () => {
      net.clearLayers();
      const shown = map.getBounds();
      const step = STEPS.findLast((one) => (shown.getEast() - shown.getWest()) / one <= 8) ?? STEPS[0];
      const size = map.getSize();
      const line = (ends, words, at) => {
        L.polyline(ends, { color: "#98a4ae", weight: 0.7, interactive: false }).addTo(net);
        const { x, y } = map.latLngToContainerPoint(at);
        // Buttons stand in the upper left corner, the scale in the lower right one.
        if (y < 80 || (x < 48 && y > size.y - 30) || x > size.x - (y > size.y - 30 ? 165 : 40)) return;
        L.tooltip({ permanent: true, direction: "right", offset: [-6, -8], className: "degrees" })
          .setLatLng(at).setContent(words).addTo(net);
      };
      const [west, east] = [Math.max(shown.getWest(), -180), Math.min(shown.getEast(), 180)];
      const [south, north] = [Math.max(shown.getSouth(), -85), Math.min(shown.getNorth(), 85)];
      const bottom = map.containerPointToLatLng([0, size.y - 8]).lat;
      for (let n = Math.ceil(west / step); n * step <= east; n += 1)
        line([[south, n * step], [north, n * step]], `${+(n * step).toFixed(4)}°`, [bottom, n * step]);
      for (let n = Math.ceil(south / step); n * step <= north; n += 1)
        line([[n * step, west], [n * step, east]], `${+(n * step).toFixed(4)}°`, [n * step, west + (east - west) * 0.01]);
    };
    map.on("moveend", draw);
    return draw;
  };

  const pen = (map, field) => {
    const sketch = L.layerGroup().addTo(map);
    const icon = L.divIcon({ className: "corner-icon", iconSize: [16, 16] });
    const corners = () =>
      field.value.split("\n").map((line) => line.split(/[,;\s]+/).filter(Boolean).map(Number))
        .filter((one) => one.length === 2 && one.every(Number.isFinite));
    const write = (all) => {
      field.value = all.map(([x, y]) => `${x.toFixed(5)}, ${y.toFixed(5)}`).join("\n");
      draw();
    };
    const draw = () => {
      sketch.clearLayers();
      const all = corners();
      if (all.length > 1)
        L.polygon(all.map(([x, y]) => [y, x]), { ...STYLES.draft, interactive: false }).addTo(sketch);
      all.forEach(([x, y], n) => {
        const corner = L.marker([y, x], { icon, draggable: true, keyboard: false }).addTo(sketch);
        corner.on("dragend", () => {
          const { lng, lat } = corner.getLatLng();
          write(all.map((one, m) => (m === n ? [lng, lat] : one)));
        });
      });
    };
    map.on("click", (event) => write([...corners(), [event.latlng.lng, event.latlng.lat]]));
    const acts = { undo: () => write(corners().slice(0, -1)), clear: () => write([]) };
    const buttons = document.getElementById("drawing");
    buttons.hidden = false;
    buttons.addEventListener("click", (event) => acts[event.target.dataset.act]?.());
    field.addEventListener("input", draw);
    draw();
  };

  for (const box of document.querySelectorAll(".sheet")) {
    const map = L.map(box, {
      attributionControl: false, zoomSnap: 0.25, maxZoom: 18, zoomAnimation: false,
      fadeAnimation: false, worldCopyJump: false,
    });
    const layers = L.geoJSON(JSON.parse(box.dataset.layers), {
      style: (feature) => ({ ...STYLES[feature.properties.style], interactive: !box.dataset.target }),
      pointToLayer: (feature, at) => L.circleMarker(at, DOTS[feature.properties.style] ?? DOTS.place),
      onEachFeature: (feature, layer) => {
        if (feature.properties.name) layer.bindTooltip(() => text(feature.properties.name));
      },
    }).addTo(map);
    const drawNet = netOf(map);
    const bounds = layers.getBounds();
    if (bounds.isValid()) map.fitBounds(bounds.pad(0.15), { animate: false, maxZoom: 14 });
    else map.fitBounds([[-35, -20], [40, 60]], { animate: false });
    drawNet();
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
    if (box.dataset.target) pen(map, document.getElementById(box.dataset.target));
  }
})();
