// One live stream of the hub, kept open: read, watched for silence, opened again where it left off. The pages say what comes in.
//
// Read with fetch and not with EventSource, for that does not tell a hub that is away from a session that is over.
"use strict";
(() => {
  const SILENT_MS = 12000; // the hub speaks every five seconds
  const FIRST_MS = 1000;
  const MOST_MS = 15000;
  const line = document.getElementById("connection");
  const said = document.getElementById("connection-said");
  const asOf = document.getElementById("as-of");
  const clock = new Intl.DateTimeFormat("nl-NL", { timeZone: "Europe/Amsterdam", timeStyle: "medium" });
  const state = { ahead: 0, lost: false, listeners: [] };

  // The hub's time of what is on the page. Its clock and ours need not agree.
  function heard(now) {
    state.ahead = now - Date.now();
    asOf.textContent = clock.format(now);
  }

  function tell(kind, text) {
    line.className = `notice ${kind}`;
    if (said.textContent !== text) said.textContent = text;
    const lost = kind === "bad";
    if (lost !== state.lost) {
      state.lost = lost;
      state.listeners.forEach((listener) => listener(lost, text));
    }
  }

  // Calls handle(kind, data) for each event, in order. `after`: the mark of what the page has.
  function open(path, after, handle) {
    let mark = after;
    let wait = FIRST_MS;
    tell("", line.dataset.connecting);

    async function once() {
      const stop = new AbortController();
      let silent;
      const listen = () => {
        clearTimeout(silent);
        silent = setTimeout(() => stop.abort(), SILENT_MS);
      };
      listen();
      try {
        const headers = mark ? { "Last-Event-ID": mark } : {};
        const answer = await fetch(path, { headers, signal: stop.signal, cache: "no-store" });
        if (answer.status === 401 || answer.status === 403) return "refused";
        if (!answer.ok) return "lost";
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = "";
        for (;;) {
          const { value, done } = await reader.read();
          if (done) return "lost";
          listen();
          wait = FIRST_MS;
          const blocks = (rest + value).split("\n\n");
          rest = blocks.pop();
          blocks.forEach(take);
          tell("good", line.dataset.live);
        }
      } catch {
        return "lost";
      } finally {
        clearTimeout(silent);
        stop.abort();
      }
    }

    function take(block) {
      const fields = new Map();
      for (const one of block.split("\n")) {
        const colon = one.indexOf(": ");
        if (colon > 0) fields.set(one.slice(0, colon), one.slice(colon + 2));
      }
      if (!fields.get("data")) return;
      const data = JSON.parse(fields.get("data"));
      if (fields.get("id")) mark = fields.get("id");
      heard(data.now);
      handle(fields.get("event"), data);
    }

    (async () => {
      for (;;) {
        const how = await once();
        tell("bad", line.dataset[how]);
        await new Promise((go) => { setTimeout(go, wait); });
        wait = Math.min(wait * 2, how === "refused" ? 60000 : MOST_MS);
      }
    })();
  }

  // Only what a script of ours put there: an element of that id would be found by the name as well, but is not the window's own.
  window.buurtsein = {
    ...(Object.hasOwn(window, "buurtsein") && window.buurtsein),
    live: {
      open,
      now: () => Date.now() + state.ahead,
      onLost: (listener) => state.listeners.push(listener),
      isLost: () => state.lost,
      clock: (at) => clock.format(at),
    },
  };
})();
