// The neighbourhoods of one alert on the map, each in its stage, and where admins saw something.
"use strict";
(() => {
  const { maps, watch } = window.buurtsein;
  const label = (code) => document.querySelector(`.place[data-code="${CSS.escape(code)}"] .stage`).textContent;

  maps.ready("map", (map) => {
    let drawn = 0;
    const how = {
      style({ properties: { code } }) {
        const stage = watch.stages.get(code);
        if (watch.isNextDoor(code)) return { className: "stage-next-door", fill: false };
        return { className: `stage-${stage}`, fillColor: `url(#fill-${stage})`, fillOpacity: 0.75 };
      },
      label: ({ properties: { code, name } }) => `${name}: ${label(code)}`,
    };
    watch.onStages(() => {
      const codes = watch.codes();
      if (codes.length === drawn) map.restyle();
      else if (codes.length) map.neighbourhoods(codes, how);
      drawn = codes.length;
    });

    const seen = L.layerGroup().addTo(map.leaflet);
    watch.onBeside(() => {
      seen.clearLayers();
      for (const one of document.querySelectorAll("[data-sighting][data-lat]")) {
        const at = [Number(one.dataset.lat), Number(one.dataset.lon)];
        const text = document.createTextNode(one.textContent.replace(/\s+/g, " ").trim().slice(0, 120));
        L.circleMarker(at, { radius: 9, className: "sighting-mark", pane: "markerPane" }).bindTooltip(() => text).addTo(seen);
      }
    });
  });
})();
