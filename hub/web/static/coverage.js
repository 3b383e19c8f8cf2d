/* The coverage map: the states that stand in the tables of the page, drawn; choosing a neighbourhood leads to its row. */
"use strict";
(() => {
  const LOOKS = {
    none: { fillColor: "transparent", fillOpacity: 0, weight: 1.5, dashArray: "5 4" },
    unreachable: { fillColor: "#c2410c", fillOpacity: 0.65, weight: 3 },
    one: { fillColor: "#f2b705", fillOpacity: 0.6, weight: 1.5, dashArray: "1 4" },
    good: { fillColor: "#2f7fbf", fillOpacity: 0.55, weight: 1 },
  };
  const rows = new Map([...document.querySelectorAll("tr[data-code]")].map((row) => [row.dataset.code, row]));
  window.buurtsein.maps.ready("coverage", (map) => {
    map.neighbourhoods([...rows.keys()], {
      style: (feature) => LOOKS[rows.get(feature.properties.code)?.dataset.state] ?? {},
      label: (feature) => rows.get(feature.properties.code)?.dataset.told ?? feature.properties.name,
      onClick: (feature) => {
        const row = rows.get(feature.properties.code);
        if (!row) return;
        row.tabIndex = -1;
        row.focus();
        row.scrollIntoView({ block: "center" });
      },
    });
  });
})();
