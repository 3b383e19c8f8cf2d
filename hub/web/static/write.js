// Writing an alert: the preview and the draft follow what is filled in; the place is chosen on the map. Without this file the page's
// own buttons do the same.
"use strict";
(() => {
  const form = document.getElementById("write");
  const preview = document.getElementById("preview");
  const told = document.getElementById("told");
  const field = (name) => form.elements.namedItem(name);
  const PAUSE = 350; // ms without typing before the preview is asked for
  let timer = 0;
  let asked = 0;

  // The fields that fit what was chosen ----------------------------------------------------------------------------------------
  const shape = () => new FormData(form).get("shape") || "circle";
  const kind = () => form.querySelector("input[name=kind]:checked");
  let headline = kind()?.dataset.headline ?? "";
  function fit() {
    form.dataset.shape = shape();
    form.dataset.kind = kind()?.value ?? "";
    const chosen = kind();
    if (!chosen) return;
    // The police's own line, unless the dispatcher wrote another.
    const line = field("headline");
    if (line.value === headline || !line.value) line.value = chosen.dataset.headline;
    headline = chosen.dataset.headline;
    field("description").placeholder = chosen.dataset.ask;
  }

  // The preview, which keeps the draft as well -----------------------------------------------------------------------------------
  async function look() {
    const mine = ++asked;
    try {
      const answer = await fetch("/console/write/preview", { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (mine !== asked) return;
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      preview.replaceChildren(...page.body.childNodes);
      const kept = preview.querySelector("#kept");
      if (kept && field("draft").value !== kept.dataset.draft) {
        field("draft").value = kept.dataset.draft;
        history.replaceState(null, "", `/console/write?draft=${kept.dataset.draft}`);
      }
      const counts = preview.querySelector("[data-told]");
      if (counts && told.textContent !== counts.dataset.told) told.textContent = counts.dataset.told;
      paint(counts);
    } catch {
      if (mine === asked) told.textContent = told.dataset.lost;
      preview.classList.toggle("stale", mine === asked);
      return;
    }
    preview.classList.remove("stale");
  }
  function soon() {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  }
  form.addEventListener("input", (event) => { if (event.target.id !== "q") { fit(); draw(); soon(); } });
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    asked++;
    // One tap sends once; the server would know the second one again as well.
    if (form.dataset.sent) event.preventDefault();
    if (event.submitter?.value === "send") form.dataset.sent = "1";
  });
  addEventListener("pageshow", () => delete form.dataset.sent);

  // The place on the map -----------------------------------------------------------------------------------------------------------
  const DRAWN = { color: "var(--bad)", weight: 3, fill: false, interactive: false };
  let map = null;
  let shown = null;
  let matched = new Set();
  let dark = new Set();
  const corners = () => field("polygon").value.trim().split(/\s+/).filter(Boolean).map((one) => one.split(",").map(Number));

  function paint(counts) {
    matched = new Set((counts?.dataset.matched ?? "").split(",").filter(Boolean));
    dark = new Set((counts?.dataset.dark ?? "").split(",").filter(Boolean));
    map?.restyle();
  }
  function draw() {
    if (!map) return;
    shown?.remove();
    shown = null;
    map.mark();
    const point = [Number(field("latitude").value), Number(field("longitude").value)];
    if (shape() === "circle" && field("latitude").value && field("longitude").value && point.every(Number.isFinite)) {
      map.mark(...point);
      shown = L.circle(point, { ...DRAWN, radius: Number(field("radius").value) });
    } else if (shape() === "polygon" && corners().length && corners().flat().every(Number.isFinite)) {
      shown = L.layerGroup([L.polygon(corners(), DRAWN), ...corners().map((one) => L.circleMarker(one, { ...DRAWN, radius: 4 }))]);
    }
    shown?.addTo(map.leaflet);
  }
  function fill(name, value) {
    field(name).value = value;
    field(name).dispatchEvent(new Event("input", { bubbles: true }));
  }
  function toggle({ code, name }) {
    const list = document.getElementById("chosen");
    list.querySelector(".hint")?.remove();
    const known = document.getElementById(`code-${code}`);
    if (known) {
      known.checked = !known.checked;
    } else {
      const option = Object.assign(document.createElement("div"), { className: "option" });
      const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "codes", value: code, id: `code-${code}`, checked: true });
      option.append(box, Object.assign(document.createElement("label"), { htmlFor: box.id, textContent: name }));
      list.append(option);
    }
    soon();
  }
  function picked(latitude, longitude) {
    if (shape() === "polygon") return fill("polygon", `${field("polygon").value.trim()} ${latitude.toFixed(6)},${longitude.toFixed(6)}`.trim());
    if (shape() === "codes") {
      const area = map.at(latitude, longitude);
      map.mark();
      return area?.feature.properties.level === "neighbourhood" && toggle(area.feature.properties);
    }
    field("latitude").value = latitude.toFixed(6);
    fill("longitude", longitude.toFixed(6));
  }
  if (Object.hasOwn(window, "buurtsein")) window.buurtsein.maps?.ready("map", (ready) => {
    map = ready;
    map.neighbourhoods(null, {
      style: ({ properties: { code } }) =>
        dark.has(code) ? { color: "var(--bad)", weight: 2, dashArray: "6 4", fillColor: "var(--bad)", fillOpacity: 0.3 }
        : matched.has(code) ? { color: "var(--link)", weight: 2, fillColor: "var(--link)", fillOpacity: 0.35 }
        : { fillOpacity: 0.04 },
    });
    map.pick({ onPick: picked });
    draw();
    paint(preview.querySelector("[data-told]"));
  });
  document.addEventListener("buurtsein:place", ({ detail }) => {
    if (shape() === "codes" && detail.code && detail.kind !== "postcode") return toggle(detail);
    if (shape() === "circle") picked(detail.lat, detail.lon);
    if (!field("place").value) fill("place", detail.name);
  });

  fit();
  if (form.dataset.kind && !preview.querySelector("[data-told]") && !document.getElementById("mistakes")) soon();
})();
