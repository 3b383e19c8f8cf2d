// Keeps the page of one alert up to date from its event stream. All text goes in as text, never as HTML.
"use strict";
(() => {
  const live = document.getElementById("live");
  const words = JSON.parse(live.dataset.words);
  const byId = (id) => document.getElementById(id);
  const path = `/api/v1/alerts/${encodeURIComponent(live.dataset.id)}`;
  const clock = new Intl.DateTimeFormat("nl-NL", { timeZone: "Europe/Amsterdam", timeStyle: "medium" });

  const make = (name, className, ...content) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...content);
    return element;
  };
  const tag = (state, label) => make("span", `tag ${state}`, label);

  // The connection -----------------------------------------------------------------------------------------------------------
  let last = live.dataset.last;
  let wait = 1000;
  const tell = (kind, text) => {
    const line = byId("connection");
    if (line.textContent !== text) line.textContent = text;
    line.className = `notice ${kind}`;
  };

  function connect() {
    const source = new EventSource(`${path}/events?lastEventId=${last}`);
    const on = (kind, handle) => source.addEventListener(kind, (event) => {
      if (event.lastEventId) last = event.lastEventId;
      handle(JSON.parse(event.data));
    });
    source.onopen = () => { wait = 1000; tell("good", words.alert.live); };
    source.onerror = () => {
      // Closed and opened anew by us: browsers give up for good on some answers, such as a 502 while the hub restarts.
      source.close();
      tell("bad", words.alert.lost);
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, 15000);
    };
    on("alert", showAlert);
    on("deliveries", (data) => data.deliveries.forEach(showDelivery));
    on("acknowledgement", showAnswer);
  }

  // The alert as a whole -----------------------------------------------------------------------------------------------------
  function showAlert(alert) {
    const state = byId("state");
    state.textContent = words.states[alert.state];
    state.className = `tag ${alert.state}`;
    if (byId("covered")) {
      byId("forwarded").textContent = alert.coverage.forwarded;
      byId("covered").value = alert.coverage.forwarded;
      byId("neighbourhoods").replaceChildren(...neighbourhoods(alert));
    }
    byId("timeline").replaceChildren(...timeline(alert.timeline));
    byId("counts").replaceChildren(...Object.entries(alert.deliveries).filter(([, count]) => count).map(
      ([name, count]) => make("div", name, make("dt", "", words.deliveries[name]), make("dd", "", String(count)))));
  }

  // Dark ones first: they are what somebody has to act on.
  function neighbourhoods(alert) {
    const begun = Date.parse(alert.timeline.acceptedAt);
    const unreachable = new Set(alert.audience.dark);
    const gone = (one) => one.darkAt || unreachable.has(one.code);
    const rank = (one) => (one.forwardedAt ? 2 : gone(one) ? 0 : 1);
    return [...alert.matched].sort((a, b) => rank(a) - rank(b)).map((one) => {
      const [kind, text] = one.forwardedAt
        ? ["lit", `${words.alert.forwarded} ${since(begun, one.forwardedAt)}`]
        : one.darkAt ? ["unreachable", words.alert.stays_dark]
        : gone(one) ? ["unreachable", words.alert.unreachable]
        : ["dark", one.step ? words.alert.step.replace("{n}", one.step) : words.alert.not_yet];
      return make("li", kind, make("strong", "", one.name), make("span", "", text));
    });
  }

  function timeline(times) {
    const begun = Date.parse(times.acceptedAt);
    return Object.entries(times).filter(([, at]) => at).flatMap(([name, at]) => [
      make("dt", "", words.alert[name]),
      make("dd", "", name === "acceptedAt" ? clock.format(begun) : `${clock.format(Date.parse(at))} (${since(begun, at)})`),
    ]);
  }

  function since(begun, at) {
    const seconds = Math.max(0, Date.parse(at) - begun) / 1000;
    return `+${seconds.toLocaleString(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${words.alert.seconds}`;
  }

  // The deliveries -----------------------------------------------------------------------------------------------------------
  const rows = new Map([...byId("deliveries").rows].map((row) => [row.dataset.delivery, row]));
  let fetching = false;

  function showDelivery(delivery) {
    const row = rows.get(delivery.id);
    if (!row) return fetchDeliveries();
    row.cells[2].replaceChildren(tag(delivery.state, words.deliveries[delivery.state]));
  }

  function showAnswer(answer) {
    for (const row of rows.values()) {
      if (row.dataset.admin !== answer.admin) continue;
      // Forwarded is a fact; no later answer undoes it.
      if (row.cells[3].textContent !== words.answers.forwarded) row.cells[3].textContent = words.answers[answer.kind];
    }
  }

  // Rows we do not have yet: asked for once a second at most, and no more than the page holds.
  function fetchDeliveries() {
    if (fetching || rows.size >= 500) return;
    fetching = true;
    setTimeout(async () => {
      fetching = false;
      try {
        const answer = await fetch(`${path}/deliveries?limit=500`);
        if (answer.ok) (await answer.json()).items.forEach(addRow);
      } catch { /* The stream notices a lost connection, and says so. */ }
    }, 300);
  }

  function addRow(one) {
    const cells = [one.adminName || words.alert.erased, words.channels[one.channel] || one.channel, tag(one.state, words.deliveries[one.state]),
      one.acknowledgement ? words.answers[one.acknowledgement.kind] : ""].map((content) => make("td", "", content));
    const row = rows.get(one.id) || make("tr", "");
    row.dataset.delivery = one.id;
    row.dataset.admin = one.admin;
    row.replaceChildren(...cells);
    if (!rows.has(one.id)) byId("deliveries").append(row);
    rows.set(one.id, row);
  }

  showAlert(JSON.parse(live.dataset.alert));
  connect();
})();
