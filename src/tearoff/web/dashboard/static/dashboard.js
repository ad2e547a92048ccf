// What pages do beyond plain forms and links: each works without it.

const body = document.body;
const said = document.getElementById("said");

function say(text, kind = "no") {
  const line = document.createElement("p");
  line.className = `alert ${kind}`;
  line.textContent = text;
  said.replaceChildren(line);
}

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
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
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

// Menus close on Escape and when something else is pressed; the focus goes back to their button.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details.more[open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.more[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

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
  }
});

// htmx: the token of forms travels with what scripts send; trouble is said; parts that come are set
// up, and the focus is never lost.
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-Form-Token"] = body.dataset.token;
});
for (const trouble of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(trouble, () => say(body.dataset.lost));
}
let focused = "";
document.addEventListener("htmx:beforeSwap", () => (focused = document.activeElement?.id ?? ""));
document.addEventListener("htmx:afterSettle", (event) => {
  setUp(event.target);
  if (document.activeElement !== body) return;
  const next = (focused && document.getElementById(focused)) || event.target.querySelector("[data-focus]");
  (next ?? document.getElementById("content"))?.focus({ preventScroll: true });
});

setUp(document);
