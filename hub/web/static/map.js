/* Maps on pages: a base map that may be missing, our neighbourhoods on it, and choosing a place. Made by templates/map.html.

   buurtsein.maps.ready(id, (map) => …)        once the map with that id is there
   map.leaflet                                 Leaflet's own map
   map.neighbourhoods(codes or null, how)      draws these, or those in view as one moves (municipalities from far off). A promise.
       how.style(feature)                        what differs from the usual: Leaflet's path options, and className
       how.onClick(feature, layer)               somebody chose a neighbourhood; a municipality is zoomed into by itself
       how.onEach(feature, layer)                for each that is drawn
       how.label(feature)                        what its tooltip says
   map.restyle()                               style() is asked again
   map.pick({onPick(lat, lon), at: [lat, lon]})  lets somebody choose a place: click, keyboard, their own location, or what was searched
   map.at(lat, lon)                            the layer of what is drawn there, with its feature
   map.mark(lat, lon)                          a pin, the only one; map.mark() takes it away
   map.go(place)                               to {bbox} or {lat, lon, zoom}, as the search box finds them
*/
"use strict";
(() => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const USUAL = { color: "var(--map-border)", weight: 1, opacity: 1, fillColor: "var(--map-empty)", fillOpacity: 0.15 };
  const LIT = { fillColor: "var(--map-lit)", fillOpacity: 0.35 };
  const NEAR = 12; // from this zoom on the hub gives neighbourhoods (hub/web/map/neighbourhoods.py)
  const CODES_AT_ONCE = 400; // fit in an address of 8 kB
  const FAILED_TILES = 4; // in a row, and the base map counts as unreachable …
  const AGAIN_MS = 60_000; // … for a minute

  /* Tiles that are pictures, out of a PMTiles file. On a canvas, so that no address of a blob need be allowed. */
  const Pictures = L.GridLayer.extend({
    createTile({ x, y, z }, done) {
      const tile = document.createElement("canvas");
      this.options.archive.getZxy(z, x, y)
        .then((found) => found && createImageBitmap(new Blob([found.data])))
        .then((image) => {
          if (image) {
            [tile.width, tile.height] = [image.width, image.height];
            tile.getContext("2d").drawImage(image, 0, 0);
          }
          done(null, tile);
        })
        .catch((error) => done(error, tile));
      return tile;
    },
  });

  class PageMap {
    constructor(element) {
      const { bounds, base, options, words } = JSON.parse(element.dataset.map);
      const [west, south, east, north] = bounds;
      Object.assign(this, { element, words, notes: new Map() });
      this.note = element.parentElement.querySelector(".map-note");
      element.replaceChildren();
      const moving = !calm.matches;
      this.leaflet = L.map(element, {
        minZoom: 6, maxZoom: 19, zoomControl: false, scrollWheelZoom: false, attributionControl: false, renderer: L.svg({ padding: 0.3 }),
        zoomSnap: base.kind === "pdok" ? 1 : 0.25, // pictures of streets and their names are sharp at whole steps only
        zoomAnimation: moving, fadeAnimation: moving, markerZoomAnimation: moving, inertia: moving, ...options,
      }).fitBounds([[south, west], [north, east]], { animate: false });
      L.control.zoom({ zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(this.leaflet);
      this.credits = L.control.attribution({ prefix: false }).addAttribution(words.borders).addTo(this.leaflet);
      this.putBase(base, options);
      // A wheel over the page scrolls the page, until somebody has chosen the map.
      this.leaflet.on("focus", () => this.leaflet.scrollWheelZoom.enable());
      this.leaflet.on("blur", () => { this.leaflet.scrollWheelZoom.disable(); this.say("aim", ""); });
      this.leaflet.on("moveend", () => { this.load(); this.aim(); });
      element.append(Object.assign(document.createElement("div"), { className: "map-cross" }));
      element.addEventListener("focus", () => this.aim());
      element.addEventListener("keydown", (event) => this.pressed(event));
      dark.addEventListener("change", () => base.vectors && this.putBase(base, options));
    }

    // the base map ------------------------------------------------------------------------------------------------------------

    putBase(base, options) {
      this.base?.remove();
      if (base.kind === "none") return;
      this.element.classList.toggle("pictures", !base.vectors);
      if (base.kind === "pdok") {
        const layer = options.streets ? "standaard" : "grijs";
        this.base = L.tileLayer(base.url, { layer, maxNativeZoom: 19, attribution: this.words.kadaster });
      } else {
        const archive = new pmtiles.PMTiles(base.url);
        const flavor = dark.matches ? "dark" : options.streets ? "light" : "grayscale";
        this.base = base.vectors
          ? protomapsL.leafletLayer({ url: archive, flavor, lang: document.documentElement.lang, attribution: "" })
          : new Pictures({ archive, maxNativeZoom: base.maxZoom });
        this.credit(archive);
      }
      this.watch(this.base.addTo(this.leaflet));
    }

    /* What the file says of whose it is, as text: it is markup of whoever made it. */
    async credit(archive) {
      if (this.credited) return;
      this.credited = true;
      try {
        const { attribution = "" } = await archive.getMetadata();
        const text = new DOMParser().parseFromString(attribution, "text/html").body.textContent;
        if (text) this.credits.addAttribution(textNode(text).innerHTML);
      } catch { /* the tiles tell that the file cannot be had */ }
    }

    /* A base map that cannot be had is told once, taken away, and tried again later; the neighbourhoods stay. */
    watch(layer) {
      let failed = 0;
      layer.on("tileload", () => { failed = 0; this.say("base", ""); });
      layer.on("tileerror", () => {
        failed += 1;
        if (failed !== FAILED_TILES) return;
        this.say("base", this.words.unreachable);
        layer.remove();
        const again = () => {
          clearTimeout(timer);
          removeEventListener("online", again);
          failed = 0;
          if (layer === this.base) layer.addTo(this.leaflet);
        };
        const timer = setTimeout(again, AGAIN_MS);
        addEventListener("online", again);
      });
    }

    // neighbourhoods ----------------------------------------------------------------------------------------------------------

    neighbourhoods(codes, how = {}) {
      Object.assign(this, { codes, how, drawn: null });
      this.element.classList.toggle("choosing", Boolean(how.onClick));
      return this.load();
    }

    async load() {
      if (!this.how) return;
      const zoom = Math.round(this.leaflet.getZoom());
      const view = this.leaflet.getBounds();
      if (this.drawn?.zoom === zoom && (this.codes || this.drawn.box.contains(view))) return;
      const box = snapped(view, zoom);
      const asked = this.codes
        ? chunks(this.codes, CODES_AT_ONCE).map((part) => `codes=${part.join(",")}`)
        : [`bbox=${box.toBBoxString().split(",").map((one) => Number(one).toFixed(5)).join(",")}`];
      this.asking?.abort();
      const { signal } = (this.asking = new AbortController());
      try {
        const parts = await Promise.all(asked.map(async (query) => {
          const answer = await fetch(`/map/neighbourhoods?${query}&zoom=${zoom}`, { signal });
          if (!answer.ok) throw new Error(`${answer.status}`);
          return (await answer.json()).features;
        }));
        this.draw(parts.flat());
        this.drawn = { zoom, box };
        this.say("neighbourhoods", "");
        this.aim();
      } catch (error) {
        if (!signal.aborted) this.say("neighbourhoods", this.words.failed);
      }
    }

    draw(features) {
      const old = this.layer;
      this.layer = L.geoJSON(features, {
        smoothFactor: 0, // thinned already, and together: each for itself would tear their borders apart
        style: (feature) => this.style(feature),
        onEachFeature: (feature, layer) => {
          layer.bindTooltip(() => textNode(this.label(feature)), { sticky: true });
          layer.on("click", () => this.chosen(feature, layer));
          this.how.onEach?.(feature, layer);
        },
      }).addTo(this.leaflet);
      old?.remove();
    }

    style(feature) {
      const usual = feature.properties.groups ? { ...USUAL, ...LIT } : USUAL;
      const own = this.how.style?.(feature) ?? {};
      return { ...usual, ...own, className: `map-area ${feature.properties.level} ${own.className ?? ""}`.trim() };
    }

    restyle() {
      this.layer?.eachLayer((layer) => {
        const before = layer.options.className?.split(" ") ?? [];
        layer.setStyle(this.style(layer.feature));
        // Leaflet gives a path its class once only.
        layer.getElement()?.classList.remove(...before);
        layer.getElement()?.classList.add(...layer.options.className.split(" "));
      });
    }

    label({ properties }) {
      if (this.how.label) return this.how.label({ properties });
      const { noGroups, oneGroup, groups } = this.words;
      const count = properties.groups === 0 ? noGroups : properties.groups === 1 ? oneGroup : groups.replace("{num}", properties.groups);
      return `${properties.name}, ${count}`;
    }

    chosen(feature, layer) {
      if (this.picking) return;
      if (feature.properties.level === "neighbourhood") this.how.onClick?.(feature, layer);
      else this.leaflet.setView(layer.getBounds().getCenter(), Math.max(NEAR, this.leaflet.getBoundsZoom(layer.getBounds())));
    }

    // the keyboard: the cross in the middle is where Enter chooses ------------------------------------------------------------

    aim() {
      if (document.activeElement !== this.element || !this.element.matches(":focus-visible")) return;
      const found = this.middle();
      const name = found ? this.label(found.feature) : this.words.nothing;
      const choose = this.picking || (found && (this.how.onClick || found.feature.properties.level === "municipality"));
      this.say("aim", this.how || this.picking ? [this.words.aim.replace("{name}", name), choose && this.words.choose].filter(Boolean).join(" ") : "");
    }

    /* The layer under the cross. */
    middle() {
      const { lng, lat } = this.leaflet.getCenter();
      return this.at(lat, lng);
    }

    /* The layer at a place, if one is drawn there. */
    at(lat, lng) {
      return this.layer?.getLayers().find((layer) => {
        const { type, coordinates } = layer.feature.geometry;
        return layer.getBounds().contains([lat, lng]) && (type === "Polygon" ? [coordinates] : coordinates).some(
          (rings) => rings.reduce((inside, ring) => inside !== holds(ring, lng, lat), false),
        );
      });
    }

    pressed(event) {
      if (event.key !== "Enter" || event.target !== this.element) return;
      event.preventDefault();
      const found = this.middle();
      if (this.picking) this.picked(this.leaflet.getCenter());
      else if (found) this.chosen(found.feature, found);
    }

    // choosing a place --------------------------------------------------------------------------------------------------------

    pick({ onPick, at = null }) {
      this.picking = onPick;
      this.element.classList.add("picking");
      this.leaflet.doubleClickZoom.disable();
      this.leaflet.on("click", (event) => this.picked(event.latlng));
      if (at) this.mark(...at);
      const bar = Object.assign(document.createElement("div"), { className: "map-bar" });
      bar.append(Object.assign(document.createElement("p"), { className: "hint", textContent: this.words.pick }));
      if (isSecureContext && navigator.geolocation) {
        const here = Object.assign(document.createElement("button"), { type: "button", className: "second", textContent: this.words.here });
        here.addEventListener("click", () => this.locate());
        bar.append(here);
      }
      this.element.before(bar);
    }

    locate() {
      this.say("pick", this.words.locating);
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          this.leaflet.setView([coords.latitude, coords.longitude], 17);
          this.picked(L.latLng(coords.latitude, coords.longitude));
        },
        () => this.say("pick", this.words.notHere),
        { enableHighAccuracy: true, timeout: 10_000, maximumAge: 60_000 },
      );
    }

    picked({ lat, lng }) {
      const rounded = [lat, lng].map((one) => Number(one.toFixed(6))); // a hand's breadth
      this.mark(...rounded);
      this.say("aim", "");
      this.say("pick", this.words.picked);
      this.picking(...rounded);
    }

    mark(lat, lon) {
      this.pin?.remove();
      this.pin = null;
      if (lat === undefined) return;
      const icon = L.divIcon({ className: "map-pin", iconSize: [22, 22] });
      this.pin = L.marker([lat, lon], { icon, interactive: false, keyboard: false }).addTo(this.leaflet);
      Object.entries({ role: "img", "aria-label": this.words.place }).forEach((one) => this.pin.getElement().setAttribute(...one));
    }

    go({ bbox, lat, lon, zoom = 16, kind }) {
      if (bbox) this.leaflet.fitBounds([[bbox[1], bbox[0]], [bbox[3], bbox[2]]], { maxZoom: 17 });
      else this.leaflet.setView([lat, lon], zoom);
      if (this.picking && kind === "address") this.picked({ lat, lng: lon });
    }

    /* One line under the map holds whatever is to be told; each matter has its own text, or none. */
    say(matter, text) {
      this.notes.set(matter, text);
      const all = [...this.notes.values()].filter(Boolean).join(" ");
      if (this.note.textContent !== all) this.note.textContent = all;
    }
  }

  /* The box in view grown to whole tiles, so that a little way on nothing is asked for, and others ask for the same. */
  function snapped(view, zoom) {
    const wide = 360 / 2 ** zoom, high = wide * 0.6;
    const down = (value, step) => Math.floor(value / step) * step, up = (value, step) => Math.ceil(value / step) * step;
    return L.latLngBounds(
      [Math.max(-90, down(view.getSouth(), high)), Math.max(-180, down(view.getWest(), wide))],
      [Math.min(90, up(view.getNorth(), high)), Math.min(180, up(view.getEast(), wide))],
    );
  }

  function holds(ring, x, y) {
    let inside = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [[xi, yi], [xj, yj]] = [ring[i], ring[j]];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
    return inside;
  }

  function textNode(text) {
    return Object.assign(document.createElement("span"), { textContent: text });
  }

  function chunks(list, size) {
    return Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size));
  }

  const made = new Map();
  const ready = (id, then) => {
    const element = document.getElementById(id);
    if (!element?.dataset.map) return;
    if (made.get(id)?.element !== element) made.set(id, new PageMap(element));
    then(made.get(id));
  };
  window.buurtsein = { ...(Object.hasOwn(window, "buurtsein") && window.buurtsein), maps: { ready } };
  document.querySelectorAll("[data-map]").forEach(({ id }) => ready(id, () => {}));
})();
