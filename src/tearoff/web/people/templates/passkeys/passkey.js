// Passkeys: a form that waits for what the browser's own window answers. It carries what is asked
// (`data-passkey`, JSON), the address it is asked for (`data-origin`) and what is said when it
// fails (`data-words`, JSON). Without script, and in a browser that has no passkeys, it stays hidden;
// the page for signing in (`data-autofill`) says nothing of that, for there are other ways.
addEventListener("DOMContentLoaded", () => {
  for (let form of document.querySelectorAll("form[data-passkey]")) setUp(form);
});

function bytes(text) {
  let plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

function text(buffer) {
  let plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

// What stands in the page, with bytes where the browser wants bytes.
function asked(form) {
  let key = JSON.parse(form.dataset.passkey);
  key.challenge = bytes(key.challenge);
  if (key.user) key.user.id = bytes(key.user.id);
  for (let list of [key.allowCredentials, key.excludeCredentials]) {
    for (let one of list || []) one.id = bytes(one.id);
  }
  return key;
}

function told(credential) {
  let { response } = credential, found = {};
  for (let name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) found[name] = text(response[name]);
  }
  if (response.getTransports) found.transports = response.getTransports();
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response: found });
}

// Browsers give one name to "cancelled", "nothing fits" and "too late": the clock tells them apart.
function why(error, key, began) {
  let late = performance.now() - began > key.timeout - 500;
  let names = {
    NotAllowedError: late ? "late" : "cancelled",
    AbortError: "cancelled",
    InvalidStateError: "known",
    NotSupportedError: "unfit",
    ConstraintError: "unfit",
    SecurityError: "address",
  };
  return names[error.name] || "broken";
}

function setUp(form) {
  let words = JSON.parse(form.dataset.words), waiting, fresh = Date.now();
  let line = document.getElementById(form.dataset.line);
  let say = (name) => {
    line.hidden = !name;
    line.lastElementChild.textContent = words[name] || "";
  };
  let isNew = "new" in form.dataset, isDoor = "autofill" in form.dataset;
  if (!window.PublicKeyCredential || location.origin != form.dataset.origin) {
    if (!isDoor) say(location.origin == form.dataset.origin ? "none" : "address");
    return;
  }
  form.hidden = false;

  // A page that was open for long asks anew: the server forgets what it asked.
  async function renew() {
    if (Date.now() - fresh < 480000) return;
    let page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    let other = page.getElementById(form.id);
    if (!other) return location.reload();
    form.dataset.passkey = other.dataset.passkey;
    for (let name of ["t", "handle"]) {
      if (form.elements[name]) form.elements[name].value = other.elements[name].value;
    }
    fresh = Date.now();
  }

  function send(credential) {
    form.elements.answer.value = told(credential);
    form.submit();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    waiting?.abort();
    waiting = null;
    say("");
    let button = form.querySelector("button"), key, began;
    button.disabled = true;
    try {
      await renew();
      key = asked(form);
      began = performance.now();
      let how = { publicKey: key };
      send(await (isNew ? navigator.credentials.create(how) : navigator.credentials.get(how)));
    } catch (error) {
      say(key ? why(error, key, began) : "broken");
      button.disabled = false;
    }
  });

  // The field for the address offers passkeys while somebody types, where the browser can.
  async function offer() {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    for (;;) {
      waiting = new AbortController();
      let over = waiting, clock = setTimeout(() => over.abort("renew"), 480000);
      try {
        await renew();
        let how = { publicKey: asked(form), mediation: "conditional", signal: over.signal };
        return send(await navigator.credentials.get(how));
      } catch (error) {
        if (error != "renew") return;
      } finally {
        clearTimeout(clock);
      }
    }
  }
  if (isDoor) offer();
}
