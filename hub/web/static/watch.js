// Keeps the page of one alert up to date: the rows that changed, by their keys, all of them in one frame. Text goes in as text.
"use strict";
(() => {
  const { live, attention } = window.buurtsein;
  const byId = (id) => document.getElementById(id);
  const watch = byId("watch");
  const texts = watch.dataset;
  const places = new Map([...document.querySelectorAll(".place")].map((one) => [one.dataset.code, one]));
  const rows = new Map();
  for (const [code, place] of places) {
    for (const row of place.querySelectorAll("tr[data-key]")) rows.set(`${code} ${row.dataset.key}`, row);
  }
  let shown = { state: texts.state, dark: Number(texts.dark), forwarded: Number(texts.forwarded), aside: Number(texts.aside) };
  const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const stages = new Map([...places].map(([code, one]) => [code, one.dataset.stage]));
  const listeners = { stages: [], beside: [] };
  let restaged = false;

  // What came in waits for the next frame: a storm of changes is one change of the page. A page nobody sees has no frames.
  let waiting = [];
  let asked = false;
  function take(data) {
    waiting.push(data);
    if (asked) return;
    asked = true;
    if (document.hidden) setTimeout(draw, 250);
    else requestAnimationFrame(draw);
  }

  function draw() {
    asked = false;
    const changes = waiting;
    waiting = [];
    const lastPlaces = new Map(changes.flatMap((one) => one.places).map((one) => [one.code, one]));
    const lastPeople = new Map(changes.flatMap((one) => one.people).map((one) => [one.id, one]));
    for (const place of lastPlaces.values()) drawPlace(place);
    for (const person of lastPeople.values()) drawPerson(person);
    if (lastPlaces.size) arrange();
    drawHead(changes[changes.length - 1].head);
    if (restaged) listeners.stages.forEach((listener) => listener());
    restaged = false;
  }

  // The numbers ---------------------------------------------------------------------------------------------------------------
  function drawHead(head) {
    const state = byId("state");
    put(state, head.label);
    state.className = `tag ${head.state}`;
    if (byId("covered")) {
      put(byId("forwarded"), String(head.forwarded));
      put(byId("matched"), String(head.matched));
      put(byId("dark"), String(head.dark));
      byId("dark-line").hidden = !head.dark;
      byId("covered").max = head.matched;
      byId("covered").value = head.forwarded;
    }
    for (const [name, , at] of head.times) put(document.querySelector(`[data-time="${name}"]`), at || "–");
    const counts = byId("counts");
    const had = new Map([...counts.children].map((one) => [one.className, one]));
    counts.append(...head.counts.map(([name, label, count]) => {
      const one = had.get(name) || document.createElement("div");
      if (!one.children.length) one.append(document.createElement("dt"), document.createElement("dd"));
      one.className = name;
      put(one.children[0], label);
      put(one.children[1], String(count));
      had.delete(name);
      return one;
    }));
    for (const one of had.values()) one.remove();
    byId("running").dataset.until = head.until || "";
    if (head.forwarded === head.matched && head.matched && shown.forwarded < head.matched) attention.announce(texts.all, "good", false);
    if (head.state !== shown.state && !head.open) attention.announce(`${texts.now}: ${head.label}`, "", false);
    if (head.aside !== shown.aside || head.open !== (shown.open ?? head.open)) refreshBeside();
    shown = head;
    attention.counted(head.open ? head.dark : 0, texts.count);
  }

  // Running since it came in: once a second, and only that one number.
  function tick() {
    const element = byId("running");
    const seconds = Math.max(0, Math.round(((Number(element.dataset.until) || live.now()) - Number(element.dataset.begun)) / 1000));
    const two = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(seconds / 3600);
    const rest = `${Math.floor(seconds / 60) % 60}`;
    if (seconds >= 60 || !element.dataset.until) put(element, `${hours ? `${hours}:${two(rest)}` : rest}:${two(seconds % 60)}`);
  }
  setInterval(tick, 1000);

  // Neighbourhoods ------------------------------------------------------------------------------------------------------------
  function drawPlace(one) {
    let place = places.get(one.code);
    const before = place && place.dataset.stage;
    if (!place) {
      place = byId("place-section").content.firstElementChild.cloneNode(true);
      place.dataset.code = one.code;
      put(place.querySelector("h3"), one.name);
      put(place.querySelector("caption"), one.name);
      places.set(one.code, place);
    }
    const stage = place.querySelector(".stage");
    put(stage, one.label);
    put(place.querySelector(".said"), one.said);
    put(place.querySelector(".next"), one.next);
    put(place.querySelector(".next-door"), one.nextDoor);
    stages.set(one.code, one.stage);
    if (before === one.stage) return;
    restaged = true;
    stage.className = `stage ${one.stage}`;
    place.className = `place ${one.stage}`;
    place.dataset.order = one.order;
    place.dataset.stage = one.stage;
    if (!before) place.open = !one.nextDoor;
    if (!before || one.nextDoor) return;
    if (one.stage === "dark") attention.announce(`${texts.darker}: ${one.name}`, "alarm", true);
    if (one.stage === "forwarded") attention.announce(`${texts.lighter}: ${one.name}`, "", false);
  }

  // What somebody has to act on stands first. A section in use stays where it is until it is left.
  function arrange() {
    const list = byId("places");
    const rank = (one) => Number(one.dataset.order);
    const wanted = [...places.values()].sort((a, b) => rank(a) - rank(b));
    wanted.forEach((one, number) => {
      if (list.children[number] !== one && !one.contains(document.activeElement)) list.insertBefore(one, list.children[number] || null);
    });
  }

  // People --------------------------------------------------------------------------------------------------------------------
  function drawPerson(one) {
    for (const code of one.codes) {
      const place = places.get(code);
      if (!place) continue;
      const key = `${code} ${one.id}`;
      let row = rows.get(key);
      if (!row) {
        row = byId("person-row").content.firstElementChild.cloneNode(true);
        row.dataset.key = one.id;
        rows.set(key, row);
        place.querySelector("tbody").append(row);
        place.hidden = false;
      }
      const [name, channel, state, answer] = row.cells;
      const tag = state.firstElementChild;
      put(name, one.name);
      put(channel, one.channel);
      put(tag, one.label);
      tag.className = `tag ${one.state}`;
      if (one.reason) tag.title = one.reason; else tag.removeAttribute("title");
      put(answer, one.answered);
      answer.className = `answer ${one.answer}`;
    }
  }

  // Rings, sightings and what police can do: rare, so asked for anew, but never under somebody's hands.
  let late = false;
  async function refreshBeside() {
    const here = byId("beside");
    if (here.contains(document.activeElement) && document.activeElement !== document.body) {
      late = true;
      return;
    }
    late = false;
    try {
      const answer = await fetch(texts.beside, { cache: "no-store" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("beside");
      const ids = (from) => new Set([...from.querySelectorAll("[data-sighting]")].map((item) => item.dataset.sighting));
      const before = ids(here);
      const opened = [...here.querySelectorAll("details")].map((item) => item.open);
      here.replaceWith(fresh);
      fresh.querySelectorAll("details").forEach((item, number) => { if (opened[number]) item.open = true; });
      listeners.beside.forEach((listener) => listener());
      const seen = [...ids(fresh)].filter((id) => !before.has(id)).length;
      if (seen) attention.announce(texts.seen, "alarm", true);
      else if (fresh.querySelector("[name=decision]") && !here.querySelector("[name=decision]")) attention.announce(texts.ring, "new", false);
    } catch { /* The stream notices a lost connection, and says so. */ }
  }
  document.addEventListener("focusout", () => { if (late) setTimeout(() => { if (late) refreshBeside(); }, 200); });

  const heeded = (kind) => (listener) => { listeners[kind].push(listener); listener(); };
  window.buurtsein.watch = {
    stages,
    codes: () => [...stages.keys()].filter((code) => code.startsWith("BU")),
    isNextDoor: (code) => Number(places.get(code).dataset.order) >= 10,
    onStages: heeded("stages"),
    onBeside: heeded("beside"),
  };
  attention.counted(shown.dark, texts.count);
  tick();
  live.open(texts.stream, texts.mark, (kind, data) => { if (kind === "change") take(data); });
})();
