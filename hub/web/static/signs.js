// Signs on maps, and choosing a place for one. Every page works without: what is on a map stands beside it as text.
"use strict";
(() => {
  const maps = Object.hasOwn(window, "buurtsein") ? window.buurtsein.maps : null;
  const byId = (id) => document.getElementById(id);

  const draw = (map, lat, lon, state, label) => {
    const filled = state === "placed" ? 0.9 : 0.15;
    const dashes = state === "placed" ? null : "4 3";
    const spot = L.circleMarker([lat, lon], { radius: 8, weight: 3, fillOpacity: filled, dashArray: dashes, className: "sign-spot" });
    const text = document.createElement("span");
    text.textContent = label;
    return spot.bindTooltip(text).addTo(map.leaflet);
  };
  const show = (map, spots) => {
    if (spots.length) map.leaflet.fitBounds(L.latLngBounds(spots.map((spot) => spot.getLatLng())).pad(0.2), { maxZoom: 16 });
  };
  const listed = (map) => [...document.querySelectorAll("[data-lat][data-lon]")].map(
    ({ dataset }) => draw(map, Number(dataset.lat), Number(dataset.lon), dataset.state, dataset.label),
  );

  // What everybody may know, from the open data.
  const standing = byId("signs-standing");
  const published = async (map) => {
    const answer = standing && await fetch(standing.dataset.source);
    if (!answer?.ok) return [];
    const { features } = await answer.json();
    return features.map(({ geometry, properties }) => {
      const [lon, lat] = geometry.coordinates;
      const words = [standing.dataset[properties.state], properties.placed || properties.planned, properties.neighbourhoodName];
      if (!properties.exact) words.push(standing.dataset.rough);
      return draw(map, lat, lon, properties.state, words.filter(Boolean).join(", "));
    });
  };

  if (maps && byId("signs-map")) {
    maps.ready("signs-map", async (map) => {
      map.neighbourhoods(null, {});
      const spots = listed(map);
      show(map, spots.length ? spots : await published(map));
    });
  }

  // Choosing a place: the fields are what is sent.
  const field = (name) => document.querySelector(`[data-spot="${name}"]`);
  if (maps && byId("spot-map")) {
    maps.ready("spot-map", (map) => {
      map.neighbourhoods(null, {});
      const [lat, lon, chosen, clear, near] = ["lat", "lon", "chosen", "clear", "near"].map(field);
      const at = lat.value && lon.value ? [Number(lat.value), Number(lon.value)] : null;
      const told = () => { if (chosen) chosen.hidden = !lat.value; };
      if (near || at) map.leaflet.setView(at || near.dataset.at.split(",").map(Number), at ? 17 : 15);
      published(map);
      map.pick({
        at,
        onPick(north, east) {
          [lat.value, lon.value] = [north, east];
          // From far off nobody hits a pole: now they see where it is, and choose again.
          if (map.leaflet.getZoom() < 16) map.leaflet.setView([north, east], 17);
          told();
        },
      });
      if (clear) {
        clear.hidden = false;
        clear.addEventListener("click", () => {
          [lat.value, lon.value] = ["", ""];
          map.mark();
          told();
        });
      }
    });
  }

  // Paper.
  const print = byId("print");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
})();
