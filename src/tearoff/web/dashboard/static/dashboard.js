// What pages do beyond plain forms and links: each works without it.

const body = document.body;
const said = document.getElementById("said");

function say(text, kind = "no") {
  const line = document.createElement("p");
  line.className = `alert ${kind}`;
  line.textContent = text;
  said.replaceChildren(line);
  // Whoever pressed a button far down would not see it.
  if (line.getBoundingClientRect().top < 0) line.scrollIntoView({ block: "center" });
}

const answered = new URL(location.href).searchParams.has("said");

// The address does not keep what was said once, nor the word of what was kept.
const url = new URL(location.href);
if (["said", "kept"].some((name) => url.searchParams.has(name))) {
  url.searchParams.delete("said");
  url.searchParams.delete("kept");
  history.replaceState(history.state, "", url);
}

// Copying: "Copied" only once it is true. Without a safe context there is the old way, else the
// text is marked.
async function copy(field) {
  const text = field.value.trim();
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    field.focus();
    field.select();
    try {
      return document.execCommand("copy");
    } catch {
      return false;
    }
  }
}

function setUp(root) {
  const offered = "[data-copy], [data-see], [data-print], [data-choose]";
  for (const hidden of root.querySelectorAll(offered)) hidden.hidden = false;
  root.querySelector("#problems")?.focus();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const label = button.querySelector("span");
  const before = label.textContent;
  if (await copy(document.getElementById(button.dataset.copy))) {
    label.textContent = body.dataset.copied;
    setTimeout(() => (label.textContent = before), 3000);
  } else {
    say(body.dataset.notCopied, "warn");
  }
});

// What is shown once is not there again when the browser brings the page back from its memory.
addEventListener("pagehide", () => {
  for (const field of document.querySelectorAll("[data-once]")) field.value = "";
});

// A password is seen while its button is pressed in; printing needs a button because nothing else
// says that it can be done.
document.addEventListener("click", (event) => {
  const see = event.target.closest("[data-see]");
  if (see) {
    const field = document.getElementById(see.dataset.see);
    const shows = field.type === "password";
    field.type = shows ? "text" : "password";
    see.setAttribute("aria-pressed", String(shows));
  }
  if (event.target.closest("[data-print]")) print();
});

// First steps: the browser knows its time zone, the zone its country, and a country its zone.
function guessPlace(form) {
  const zone = form.elements.timezone;
  const country = form.elements.country;
  const find = (test) => [...zone.options].find(test);
  if (form.dataset.guess) {
    const known = find((o) => o.value === Intl.DateTimeFormat().resolvedOptions().timeZone);
    if (known && !zone.value) zone.value = known.value;
    if (known && !country.value) country.value = known.dataset.country ?? "";
  }
  country.addEventListener("change", () => {
    const own = zone.selectedOptions[0]?.dataset.country === country.value;
    const first = find((o) => o.dataset.country === country.value);
    if (!own && first) zone.value = first.value;
  });
}
for (const form of document.querySelectorAll("form[data-place]")) guessPlace(form);

// Menus close on Escape and when something else is pressed; the focus goes back to their button.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details.more[open], .phone-menu details[open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.more[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

// A page that answers a form becomes the page that the form stood on: going back or loading it anew
// asks the browser's question about sending once more to nobody.
if (body.dataset.page) history.replaceState(history.state, "", body.dataset.page);

// A second press on the way sends nothing twice. Back from the browser's memory brings it back.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  delete form.dataset.changed;
  setTimeout(() => delete form.dataset.sent, 8000);
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// What is typed and not saved: a word beside the button, and the browser's question on leaving.
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form) form.dataset.touched = "1";
  if (!form || form.method !== "post" || form.dataset.quiet !== undefined) return;
  if (event.target.dataset.quiet !== undefined) return;
  form.dataset.changed = "1";
  const word = form.querySelector("[data-unsaved-word]");
  if (word) word.hidden = false;
});
addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-changed]:not([data-drafted])")) event.preventDefault();
});

// Keys: / to the search, n for a new campaign, ? for the list. None while typing.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || body.dataset.keys === "off") return;
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  } else if (/^[a-z]$/.test(event.key)) {
    document.querySelector(`[data-key=${event.key}]`)?.click();
  }
});

// htmx: the token of forms travels with what scripts send; trouble is said; parts that come are set
// up, and the focus is never lost.
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-Form-Token"] = body.dataset.token;
});
for (const trouble of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(trouble, (event) => {
    // What asks for news by itself asks again: nobody did anything that could be lost.
    if (!event.target.matches('[hx-trigger^="every"]')) say(body.dataset.lost);
  });
}
let focused = "";
let wasFocused = false;
document.addEventListener("htmx:beforeSwap", () => {
  focused = document.activeElement?.id ?? "";
  wasFocused = document.activeElement !== body;
});
document.addEventListener("htmx:afterSettle", (event) => {
  setUp(event.target);
  // News that came by itself takes the focus from nobody who had none.
  if (!wasFocused || document.activeElement !== body) return;
  const next = (focused && document.getElementById(focused)) || event.target.querySelector("[data-focus]");
  (next ?? document.getElementById("content"))?.focus({ preventScroll: true });
});

// The sign-in is over while something is typed: what a script asked leads to the sign-in page. What
// stands in forms that were touched waits in this tab until its page is opened again by the same
// person. Never secrets.
const PERSON = body.dataset.token.split(".")[0];
const PLACE = `typed ${PERSON} ${url.pathname}${url.search}`;
const SECRET = /(password|again|pin|secret|\.code)$/;
const nameOf = (form) => form.id || form.getAttribute("action");
const isBox = (field) => field.type === "checkbox" || field.type === "radio";

function fieldsOf(form) {
  return [...form.elements].filter(
    (field) =>
      field.name &&
      /^(INPUT|TEXTAREA|SELECT)$/.test(field.tagName) &&
      !["hidden", "password", "file", "submit", "button"].includes(field.type) &&
      !SECRET.test(field.name) &&
      field.autocomplete !== "one-time-code",
  );
}

function keepTyped() {
  const kept = [...document.querySelectorAll("form[data-touched]")].map((form) => [
    nameOf(form),
    fieldsOf(form).map((field) => [field.name, field.value, isBox(field) ? field.checked : null]),
  ]);
  for (const form of document.querySelectorAll("form[data-changed]")) delete form.dataset.changed;
  try {
    if (kept.length) sessionStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing: the server has what was sent to it.
  }
}

function bringTyped() {
  let kept = [];
  try {
    kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "[]");
    sessionStorage.removeItem(PLACE);
  } catch {
    return;
  }
  for (const [name, values] of kept) {
    const form = [...document.forms].find((one) => nameOf(one) === name);
    if (form) bringInto(form, values);
  }
}

function bringInto(form, values) {
  const fields = fieldsOf(form);
  for (const [name, value, checked] of values) {
    const place = fields.findIndex(
      (field) => field.name === name && (checked === null || field.value === value),
    );
    if (place < 0) continue;
    const [field] = fields.splice(place, 1);
    if (checked === null) field.value = value;
    else field.checked = checked;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

// A form that is sent over a line that breaks: what stood in it is there again when its page is
// opened anew, unless a page of ours has come meanwhile.
const WAITS = "waits";
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (!navigator.onLine) {
    event.preventDefault();
    delete form.dataset.sent;
    form.dataset.changed = "1";
    say(body.dataset.lost);
  } else if (form.dataset.touched) {
    keepTyped();
    try {
      sessionStorage.setItem(WAITS, PLACE);
    } catch {
      // It is not kept then.
    }
  }
});
addEventListener("offline", () => say(body.dataset.offline, "warn"));
addEventListener("online", () => said.replaceChildren());

function forgetAnswered() {
  try {
    const waits = sessionStorage.getItem(WAITS);
    sessionStorage.removeItem(WAITS);
    const came = answered || document.getElementById("problems") || waits !== PLACE;
    if (waits && came) sessionStorage.removeItem(waits);
  } catch {
    // Nothing was kept.
  }
}

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const to = event.detail.xhr.getResponseHeader("HX-Redirect") ?? "";
  if (to.startsWith("/sign-in")) keepTyped();
});
document.addEventListener("submit", (event) => {
  if (event.target.getAttribute("action") !== "/sign-out") return;
  try {
    sessionStorage.clear();
  } catch {
    // There is nothing in it then.
  }
});

// Boxes of a list: one chooses all of the page; who ticks one of them no longer means all.
document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.dataset.choose) {
    for (const one of box.form.querySelectorAll(`[name=${box.dataset.choose}]`)) one.checked = box.checked;
  }
});

document.documentElement.classList.add("scripted");
setUp(document);
forgetAnswered();
bringTyped();

// What was typed before the scripts were there is news to them.
addEventListener("load", () => {
  for (const field of document.querySelectorAll("form input, form textarea")) {
    if (!isBox(field) && field.type !== "file" && field.value !== field.defaultValue) {
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
});
