/* Passkeys (WebAuthn): fetches what is to be signed, asks the browser, and sends its answer as an ordinary form.
   A form with data-passkey="address of the challenge" shows itself only where the browser can do this. */
"use strict";

const bytes = text => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), one => one.charCodeAt(0));
const web = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
const described = list => (list || []).map(one => ({ ...one, id: bytes(one.id) }));

async function ask(options) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (!options.user) return navigator.credentials.get({ publicKey });
  publicKey.user = { ...options.user, id: bytes(options.user.id) };
  publicKey.excludeCredentials = described(options.excludeCredentials);
  return navigator.credentials.create({ publicKey });
}

function written(found) {
  const { response } = found, said = { clientDataJSON: web(response.clientDataJSON) };
  if (response.attestationObject) {
    said.attestationObject = web(response.attestationObject);
    said.transports = response.getTransports ? response.getTransports() : [];
  } else {
    said.authenticatorData = web(response.authenticatorData);
    said.signature = web(response.signature);
    if (response.userHandle) said.userHandle = web(response.userHandle);
  }
  return JSON.stringify({ id: found.id, rawId: web(found.rawId), type: found.type, response: said });
}

async function run(form) {
  const challenge = await fetch(form.dataset.passkey, {
    method: "POST", body: new URLSearchParams({ csrfmiddlewaretoken: form.csrfmiddlewaretoken.value }),
  });
  if (!challenge.ok) throw new Error(challenge.status);
  form.answer.value = written(await ask(await challenge.json()));
  form.submit();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const say = name => form.querySelectorAll("[data-say]").forEach(one => { one.hidden = one.dataset.say !== name; });
  form.hidden = !(window.PublicKeyCredential && navigator.credentials);
  form.addEventListener("submit", event => {
    event.preventDefault();
    say("");
    run(form).catch(trouble => say({ NotAllowedError: "stopped", AbortError: "stopped", InvalidStateError: "known" }[trouble.name] || "broken"));
  });
}
