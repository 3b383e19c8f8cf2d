// Whoever signs out in one tab is gone from the others too: what those show is emptied, also while the hub is away.
"use strict";
(() => {
  const forms = document.querySelectorAll("form[data-leaves]");
  if (!forms.length || !("BroadcastChannel" in window)) return;
  const place = forms[0].dataset.leaves; // where one signs in again: staff and admins do not sign each other out
  const tabs = new BroadcastChannel(`buurtsein.leaves ${place}`);
  forms.forEach((form) => form.addEventListener("submit", () => tabs.postMessage("")));
  tabs.addEventListener("message", () => {
    document.body.replaceChildren();
    location.replace(place);
  });
})();
