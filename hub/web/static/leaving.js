// Whoever signs out in one tab is gone from the others too: what those show is emptied, also while the hub is away.
"use strict";
(() => {
  const forms = document.querySelectorAll("form[data-leaves]");
  if (!forms.length || !("BroadcastChannel" in window)) return;
  const place = forms[0].dataset.leaves; // shows nobody's, also before the hub has heard; other for staff than for admins
  const tabs = new BroadcastChannel(`buurtsein.leaves ${place}`);
  forms.forEach((form) => form.addEventListener("submit", () => tabs.postMessage("")));
  tabs.addEventListener("message", () => {
    document.body.replaceChildren();
    location.replace(place);
  });
})();
