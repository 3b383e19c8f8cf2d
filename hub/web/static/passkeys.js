// Passkeys: asks the browser for one when a form marked so is sent, and sends what it answers along. Without it the form says why not.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function made(options) {
    const user = { ...options.user, id: bytes(options.user.id) };
    const challenge = bytes(options.challenge);
    const publicKey = { ...options, challenge, user, excludeCredentials: known(options.excludeCredentials) };
    const found = await navigator.credentials.create({ publicKey });
    return answer(found, { attestationObject: text(found.response.attestationObject) });
  }

  async function signed(options) {
    const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials) };
    const found = await navigator.credentials.get({ publicKey });
    const { authenticatorData, signature, userHandle } = found.response;
    return answer(found, {
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    });
  }

  function answer(found, response) {
    const clientDataJSON = text(found.response.clientDataJSON);
    return JSON.stringify({ id: found.id, rawId: text(found.rawId), type: found.type, response: { clientDataJSON, ...response } });
  }

  async function optionsOf(form) {
    const given = await fetch(form.dataset.options, { method: "POST" });
    return given.ok && !given.redirected ? given.json() : null;
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const told = form.querySelector("[data-told]");
    const button = form.querySelector("button");
    const tell = (reason) => {
      told.textContent = told.dataset[reason];
      told.hidden = false;
      button.disabled = false;
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      told.hidden = true;
      if (!window.PublicKeyCredential) return tell("none");
      button.disabled = true;
      try {
        const options = await optionsOf(form);
        if (!options) return tell("late");
        form.elements.answer.value = await (form.dataset.passkey === "make" ? made(options) : signed(options));
      } catch {
        return tell("failed");
      }
      form.submit();
    });
  }
})();
