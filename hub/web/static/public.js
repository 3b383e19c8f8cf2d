// The register's map and "my location". Without it, or without the map, the forms and lists say the same.
(function () {
  "use strict";

  var locate = document.getElementById("locate");
  if (locate && navigator.geolocation && window.isSecureContext) {
    var told = document.getElementById("located");
    locate.hidden = false;
    locate.addEventListener("click", function () {
      told.textContent = "";
      navigator.geolocation.getCurrentPosition(
        function (position) {
          // Ten metres: enough to find the neighbourhood, and no house number.
          location.assign("/?lat=" + position.coords.latitude.toFixed(4) + "&lon=" + position.coords.longitude.toFixed(4));
        },
        function () { told.textContent = locate.dataset.failed; },
        { maximumAge: 600000, timeout: 10000 }
      );
    });
  }

  if (Object.hasOwn(window, "buurtsein") && window.buurtsein.maps && document.getElementById("q-form")) {
    window.buurtsein.maps.search("q", function (place) {
      var asks = place.id ? { lat: place.lat.toFixed(4), lon: place.lon.toFixed(4) }
        : place.kind === "neighbourhood" ? { neighbourhood: place.code } : { q: place.name };
      location.assign("/?" + new URLSearchParams(asks) + "#result");
    });
  }

  var registry = document.getElementById("registry");
  if (!registry || !Object.hasOwn(window, "buurtsein") || !window.buurtsein.maps) return;

  function codes(name) { return (registry.dataset[name] || "").split(",").filter(Boolean); }

  window.buurtsein.maps.ready("map", function (map) {
    var only = codes("only"), here = codes("here");
    map.neighbourhoods(only.length ? only : null, {
      style: function (feature) {
        var has = only.length || feature.properties.groups > 0;
        var mine = here.indexOf(feature.properties.code) >= 0;
        // Not by colour alone: without a group the border is dashed and the ground bare.
        return {
          color: has ? "#01689b" : "#7a4b00",
          weight: mine ? 4 : 1.5,
          dashArray: has ? null : "4 4",
          fillColor: has ? "#01689b" : "#ffb612",
          fillOpacity: has ? 0.35 : 0.12
        };
      },
      onEach: function (feature, layer) {
        var says = document.createElement("span");
        var words = feature.properties.groups > 0 ? registry.dataset.group : registry.dataset.none;
        says.textContent = feature.properties.name + (words ? ": " + words : "");
        layer.bindTooltip(says);
      },
      onClick: function (feature) {
        var path = "/?neighbourhood=" + encodeURIComponent(feature.properties.code);
        if (registry.dataset.outside !== undefined) window.open(path, "_blank", "noopener");
        else location.assign(path + "#result");
      }
    });
  });
})();
