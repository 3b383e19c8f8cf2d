// What asks for attention: said to screen readers, shown in a short list, counted in the tab's title, and sounded if switched on.
"use strict";
(() => {
  const MOST_NEWS = 5;
  const KEY = "buurtsein.sound";
  const live = window.buurtsein.live;
  const byId = (id) => document.getElementById(id);
  const line = byId("connection");
  const title = document.title;
  let count = "";

  // Sound: made here, for a file would have to be fetched when the connection is what is wrong. Hertz, one after another.
  const TONES = { alarm: [740, 988, 740, 988], new: [659, 880], good: [523, 659, 784], lost: [440, 330, 220] };
  const button = byId("sound");
  let wanted = remembered();
  let context = null;

  function remembered() {
    try { return localStorage.getItem(KEY) === "on"; } catch { return false; }
  }

  function show() {
    const waits = wanted && (!context || context.state !== "running");
    button.setAttribute("aria-pressed", String(wanted));
    button.textContent = button.dataset[waits ? "waits" : wanted ? "on" : "off"];
  }

  async function wake() {
    if (!wanted) return;
    context = context || new AudioContext();
    if (context.state !== "running") await context.resume();
    show();
  }

  function play(name) {
    if (!wanted || !context || context.state !== "running") return;
    TONES[name].forEach((hertz, number) => {
      const at = context.currentTime + number * 0.18;
      const tone = context.createOscillator();
      const loudness = context.createGain();
      tone.frequency.value = hertz;
      loudness.gain.setValueAtTime(0, at);
      loudness.gain.linearRampToValueAtTime(0.25, at + 0.02);
      loudness.gain.linearRampToValueAtTime(0, at + 0.16);
      tone.connect(loudness).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.17);
    });
  }

  button.hidden = false;
  button.addEventListener("click", async () => {
    wanted = !wanted;
    try { localStorage.setItem(KEY, wanted ? "on" : "off"); } catch { /* Then it is for this page only. */ }
    if (wanted) {
      await wake();
      play("new");
    }
    show();
  });
  // Browsers let a page sound only once somebody has touched it.
  for (const kind of ["pointerdown", "keydown"]) {
    document.addEventListener(kind, (event) => { if (!button.contains(event.target)) wake(); }, { once: true });
  }
  show();

  // Several things at once are one announcement, or each would cut the one before it short.
  let waiting = { polite: [], assertive: [] };
  let saying = 0;

  function announce(text, tone, urgent) {
    waiting[urgent ? "assertive" : "polite"].push(text);
    clearTimeout(saying);
    saying = setTimeout(speak, 100);
    if (tone) play(tone);
    const item = document.createElement("li");
    if (urgent) item.className = "urgent";
    item.textContent = `${live.clock(live.now())} ${text}`;
    const news = byId("news");
    news.prepend(item);
    while (news.children.length > MOST_NEWS) news.lastChild.remove();
    news.hidden = false;
  }

  function speak() {
    for (const [region, texts] of Object.entries(waiting)) if (texts.length) byId(region).textContent = texts.join(". ");
    waiting = { polite: [], assertive: [] };
  }

  function retitle() {
    const parts = [live.isLost() ? line.dataset.title : "", count].filter(Boolean);
    const text = parts.length ? `(${parts.join(", ")}) ${title}` : title;
    if (document.title !== text) document.title = text;
  }

  // The line of the connection is a live region itself; here it only sounds.
  live.onLost((lost) => {
    play(lost ? "lost" : "good");
    retitle();
  });

  window.buurtsein.attention = {
    announce,
    counted: (number, word) => { count = number ? `${number} ${word}` : ""; retitle(); },
  };
})();
