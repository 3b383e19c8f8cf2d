/* The search box of a map: a combobox (WAI-ARIA) over our own places, and PDOK's addresses where they may be asked for and answer.

   buurtsein.maps.search(id, (place) => …)   somebody chose {kind, name, lat, lon, bbox or zoom}; the form fires "buurtsein:place" too
*/
"use strict";
(() => {
  const PAUSE_MS = 200; // after the last key, before anything is asked
  const ADDRESSES_MS = 2000; // PDOK is waited for, no longer
  const SILENT_MS = 60_000; // and not asked for a while after it failed
  const OURS_BESIDE = 5; // of ours are shown where there are addresses too
  const KINDS = new Map([["adres", ["address", 18]], ["weg", ["road", 16]], ["postcode", ["postcode", 16]], ["woonplaats", ["town", 13]]]); // with the zoom to show it at
  const listeners = new Map();
  let silentUntil = 0;

  class SearchBox {
    constructor(form) {
      const { map, addresses, answers, words } = JSON.parse(form.dataset.search);
      const input = form.querySelector("[type=search]");
      const list = form.querySelector("[role=listbox]");
      Object.assign(this, { form, map, addresses, answers, words, input, list, found: [], active: -1, asked: "" });
      this.told = form.querySelector("[role=status]");
      for (const [name, value] of Object.entries({
        role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id, spellcheck: "false",
      })) input.setAttribute(name, value);
      input.addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.ask(), PAUSE_MS); });
      input.addEventListener("keydown", (event) => this.pressed(event));
      input.addEventListener("blur", () => this.close());
      list.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays in the box
      list.addEventListener("click", (event) => {
        const at = [...list.children].indexOf(event.target.closest("[role=option]"));
        if (at >= 0) this.choose(this.found[at]);
      });
      form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    }

    /* What is typed is looked for once; whoever asks again waits for that. */
    ask() {
      const text = this.input.value.trim();
      if (text !== this.asked) this.looking = this.look(this.asked = text);
      return this.looking;
    }

    /* Ours at once; addresses below them when they come. */
    async look(text) {
      this.asking?.abort();
      this.asking = new AbortController();
      if (!text) { this.show([]); this.told.textContent = ""; return; }
      const { signal } = this.asking;
      const addresses = this.suggested(text, signal);
      const ours = await json(`/map/search?q=${encodeURIComponent(text)}`, signal).catch(() => []);
      if (signal.aborted) return;
      this.show(ours);
      const theirs = await addresses;
      if (signal.aborted) return;
      if (theirs.length) this.show([...ours.slice(0, Math.max(OURS_BESIDE, this.active + 1)), ...theirs]);
      const { none, one, more } = this.words;
      const count = this.found.length;
      this.told.textContent = count === 0 ? none : count === 1 ? one : more.replace("{num}", count);
    }

    async suggested(text, signal) {
      if (!this.addresses || text.length < 3 || Date.now() < silentUntil) return [];
      const query = new URLSearchParams({ q: text, fq: "type:(adres OR weg OR postcode OR woonplaats)", rows: 6 });
      const found = await this.pdok(`suggest?${query}`, signal);
      return (found?.response?.docs ?? []).filter(({ type }) => KINDS.has(type)).map(({ id, type, weergavenaam }) => {
        const [kind, zoom] = KINDS.get(type);
        return { id, kind, zoom, name: weergavenaam };
      });
    }

    /* Null if it does not answer in time; then the box does without. */
    async pdok(path, signal) {
      try {
        return await json(`${this.addresses}/${path}`, AbortSignal.any([signal, AbortSignal.timeout(ADDRESSES_MS)]));
      } catch {
        if (!signal.aborted) silentUntil = Date.now() + SILENT_MS;
        return null;
      }
    }

    show(found) {
      const kept = this.active >= 0 && this.found[this.active]?.name === found[this.active]?.name;
      this.found = found;
      this.list.replaceChildren(...found.map((place, at) => {
        const option = Object.assign(document.createElement("li"), { id: `${this.list.id}-${at}` });
        option.setAttribute("role", "option");
        const about = Object.assign(document.createElement("span"), { className: "hint" });
        about.textContent = [this.words[place.kind], place.within].filter(Boolean).join(", ");
        option.append(Object.assign(document.createElement("span"), { textContent: place.name }), " ", about);
        return option;
      }));
      this.list.hidden = found.length === 0 || document.activeElement !== this.input;
      this.input.setAttribute("aria-expanded", String(!this.list.hidden));
      this.activate(kept ? this.active : -1);
    }

    activate(at) {
      this.active = at;
      [...this.list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
      const option = this.list.children[at];
      if (option) this.input.setAttribute("aria-activedescendant", option.id);
      else this.input.removeAttribute("aria-activedescendant");
      option?.scrollIntoView({ block: "nearest" });
    }

    pressed(event) {
      const count = this.found.length;
      const steps = { ArrowDown: 1, ArrowUp: -1 };
      if (Object.hasOwn(steps, event.key) && count) {
        event.preventDefault();
        if (this.list.hidden) this.show(this.found);
        // From the box to the first or the last, and from there back to the box.
        this.activate(((this.active + 1 + steps[event.key] + count + 1) % (count + 1)) - 1);
      } else if (event.key === "Enter" && this.active >= 0) {
        event.preventDefault();
        this.choose(this.found[this.active]);
      } else if (event.key === "Escape" && !this.list.hidden) {
        event.preventDefault();
        this.close();
      }
    }

    /* The best of what was found; unless the page can answer with all of ours, or that there is nothing. */
    async submit() {
      clearTimeout(this.timer);
      await this.ask();
      const [best] = this.found;
      if (this.answers && (!best || !best.id)) this.form.submit();
      else if (best) this.choose(best);
    }

    async choose(place) {
      this.close();
      this.input.value = this.asked = place.name;
      const there = place.id ? await this.looked(place) : place;
      if (!there) { this.told.textContent = this.words.none; return; }
      this.told.textContent = there.name;
      this.form.dispatchEvent(new CustomEvent("buurtsein:place", { bubbles: true, detail: there }));
      listeners.get(this.input.id)?.forEach((then) => then(there));
      if (this.map) window.buurtsein.maps.ready(this.map, (map) => map.go(there));
    }

    /* Where an address of PDOK's is: POINT(lon lat). */
    async looked(place) {
      const query = new URLSearchParams({ id: place.id, fl: "centroide_ll" });
      const found = await this.pdok(`lookup?${query}`, new AbortController().signal);
      const point = /^POINT\(([-\d.]+) ([-\d.]+)\)$/.exec(found?.response?.docs?.[0]?.centroide_ll ?? "");
      return point && { ...place, lon: Number(point[1]), lat: Number(point[2]) };
    }

    close() {
      this.list.hidden = true;
      this.input.setAttribute("aria-expanded", "false");
      this.activate(-1);
    }
  }

  async function json(address, signal) {
    const answer = await fetch(address, { signal });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  window.buurtsein.maps.search = (id, then) => listeners.set(id, [...(listeners.get(id) ?? []), then]);
  document.querySelectorAll("form[data-search]").forEach((form) => new SearchBox(form));
})();
