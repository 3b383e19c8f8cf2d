// Makes choosing neighbourhoods quicker: the search shows what it finds without loading the page anew, and the map takes clicks.
// Without this file the same form does the same by being sent.
"use strict";
(() => {
  const found = document.getElementById("found");
  const place = document.getElementById("place");
  const button = document.getElementById("search");
  const said = document.getElementById("found-said");
  if (!found || !place || !button || !said) return;
  const searched = document.querySelector("input[name=searched]");
  const boxes = () => [...found.querySelectorAll("input[name=codes]")];
  let map = null;

  function option(one) {
    const row = document.createElement("div");
    const box = document.createElement("input");
    const label = document.createElement("label");
    const where = document.createElement("span");
    row.className = "option";
    box.type = "checkbox";
    box.name = "codes";
    box.value = one.code;
    box.id = label.htmlFor = `code-${one.code}`;
    where.className = "hint";
    where.textContent = ` ${one.district}, ${one.municipality}`;
    label.append(one.name, where);
    row.append(box, " ", label);
    found.append(row);
    return box;
  }

  function boxOf(one) {
    return boxes().find((box) => box.value === one.code) || option(one);
  }

  async function search(event) {
    const text = place.value.trim();
    if (!text) return;
    event.preventDefault();
    let list;
    try {
      const answer = await fetch(`/join/neighbourhoods?q=${encodeURIComponent(text)}`);
      if (!answer.ok) throw new Error(String(answer.status));
      list = await answer.json();
    } catch {
      place.form.requestSubmit(button); // the form itself does it too
      return;
    }
    for (const box of boxes()) if (!box.checked) box.closest(".option").remove();
    for (const one of list) boxOf(one);
    searched.value = place.value;
    said.textContent = list.length ? said.dataset.found : said.dataset.none;
  }

  button.addEventListener("click", search);
  place.addEventListener("keydown", (event) => { if (event.key === "Enter") search(event); });
  found.addEventListener("change", () => map && map.restyle());

  if (Object.hasOwn(window, "buurtsein") && window.buurtsein.maps) {
    const chosen = (code) => boxes().some((box) => box.value === code && box.checked);
    window.buurtsein.maps.ready("map", (ready) => {
      map = ready;
      map.neighbourhoods(null, {
        style: (feature) => chosen(feature.properties.code)
          ? { weight: 3, fillOpacity: 0.5 }
          : { weight: 1, fillOpacity: 0.05 },
        onClick: (feature) => {
          const box = boxOf(feature.properties);
          box.checked = !box.checked;
          map.restyle();
        },
      });
    });
  }
})();
