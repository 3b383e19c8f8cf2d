// Keeps the list of alerts up to date: rows as the hub wrote them, by their number, in its order.
"use strict";
(() => {
  const { live, attention } = window.buurtsein;
  const board = document.getElementById("board");
  const body = document.getElementById("rows");
  const table = document.getElementById("alerts");
  const empty = document.getElementById("empty");
  const rows = new Map([...body.rows].map((row) => [row.dataset.id, row]));
  const dark = (row) => Number(row.dataset.dark);

  function parsed(html) {
    // A row of our own, escaped by the hub; scripts in it would not run, and the page's policy allows none.
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content.querySelector("tr");
  }

  function take({ order, rows: changed }) {
    for (const one of changed) {
      const row = parsed(one.html);
      const before = rows.get(one.id);
      const what = `${row.dataset.what} ${one.id}`;
      if (!before) attention.announce(`${board.dataset.new}: ${what}`, "new", false);
      if (dark(row) > (before ? dark(before) : 0)) attention.announce(`${board.dataset.darker}: ${what}`, "alarm", true);
      rows.set(one.id, row);
      if (!before) continue;
      const held = before.contains(document.activeElement);
      before.replaceWith(row);
      if (held) row.querySelector("a").focus();
    }
    const shown = new Set(order);
    for (const [id, row] of rows) {
      if (shown.has(id)) continue;
      row.remove();
      rows.delete(id);
    }
    order.forEach((id, place) => {
      if (body.rows[place] !== rows.get(id)) body.insertBefore(rows.get(id), body.rows[place] || null);
    });
    empty.hidden = order.length > 0;
    table.hidden = !order.length;
    attention.counted([...rows.values()].filter((row) => row.classList.contains("attention")).reduce((sum, row) => sum + dark(row), 0), board.dataset.count);
  }

  // What waits for a second pair of eyes: more of it is told aloud.
  const waiting = document.getElementById("waiting");
  let count = Number(waiting.dataset.count ?? 0);
  function wait(data) {
    const holder = document.createElement("template");
    holder.innerHTML = data.html;
    if (!waiting.contains(document.activeElement) || data.count > count) waiting.replaceChildren(holder.content);
    if (data.count > count) attention.announce(waiting.dataset.told, "alarm", true);
    count = data.count;
  }

  live.open(board.dataset.stream, "", (kind, data) => {
    if (kind === "rows") take(data);
    if (kind === "waiting") wait(data);
  });
})();
