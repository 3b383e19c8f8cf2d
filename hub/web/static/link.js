// The page of a one-time link: copies the text, and looks again when somebody comes back from the messenger.
"use strict";
(() => {
  const button = document.getElementById("copy");
  const text = document.getElementById("text");
  const said = document.getElementById("copied");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch { // no clipboard without HTTPS: select it, and let the browser copy what is selected
      getSelection().selectAllChildren(text);
      if (!document.execCommand("copy")) return;
    }
    said.textContent = button.dataset.copied;
  });
  let left = false;
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") left = true;
    else if (left) location.reload();
  });
})();
