// The editor: what is typed is shown on the phone and kept as a draft while it is typed. Answers
// only ever reach the phone and the words beside the button, never the fields.

const editor = document.querySelector("[data-editor]");
const form = document.getElementById("edit");
const frame = document.getElementById("preview");
const word = form.querySelector("[data-unsaved-word]");
const mayEdit = !form.querySelector("fieldset.whole-form").disabled;

const body = () => new URLSearchParams([...new FormData(form)].filter((pair) => typeof pair[1] === "string"));

async function send(path, data, signal) {
  const answer = await fetch(editor.dataset.editor + path, {
    method: "POST", body: data, signal, redirect: "manual", headers: { "HX-Request": "true" },
  });
  if (answer.headers.has("HX-Redirect")) signedOut();
  return answer.ok && !isOut ? answer : null;
}

// The sign-in is over: no more is sent by itself. The form itself keeps what it has over a new one.
let isOut = false;
function signedOut() {
  isOut = true;
  word.hidden = false;
  word.textContent = word.dataset.outWord;
}

// The phone: the newest answer counts; one that comes late is thrown away.
let newest = 0;
let shown = 0;
const loaded = new Promise((done) => {
  const page = frame.contentDocument;
  if (page?.readyState === "complete" && page.URL !== "about:blank") done();
  else frame.addEventListener("load", done, { once: true });
});
async function preview() {
  const mine = ++newest;
  frame.setAttribute("aria-busy", "true");
  try {
    const answer = await send("/preview", body());
    const text = answer && (await answer.text());
    await loaded;
    if (text && mine > shown) {
      shown = mine;
      put(text);
    }
  } catch {
    // Without a connection the phone keeps what it has.
  }
  if (mine === newest) frame.removeAttribute("aria-busy");
}

// Its style is put into the frame by hand: what is read here obeys the rules of this page.
const STYLE = /<style>([^]*?)<\/style>/g;
function put(text) {
  const old = frame.contentDocument;
  if (!old?.body) return;
  const next = new DOMParser().parseFromString(text.replace(STYLE, ""), "text/html");
  const top = old.scrollingElement?.scrollTop ?? 0;
  const open = [...old.querySelectorAll("details")].map((one) => one.open);
  const before = [...old.querySelectorAll("head style")];
  const css = [...text.matchAll(STYLE)].map((found) => found[1]).join("");
  if (before.map((style) => style.textContent).join("") !== css) {
    const style = old.createElement("style");
    style.textContent = css;
    old.head.append(style);
    for (const one of before) one.remove();
  }
  for (const name of ["lang", "dir"]) old.documentElement.setAttribute(name, next.documentElement.getAttribute(name) ?? "");
  old.body.replaceWith(old.importNode(next.body, true));
  old.querySelectorAll("details").forEach((one, n) => (one.open = open[n] ?? false));
  if (old.scrollingElement) old.scrollingElement.scrollTop = top;
}

// The draft: one at a time, so that none overtakes another; what was typed meanwhile goes next.
let changed = false;
let running = null;
let leaving = false;
let failed = 0;
const isHeld = form.dataset.hold !== undefined; // a draft of before, not taken up, is not written over
async function keep() {
  if (running) return running;
  if (!changed || leaving || isHeld) return;
  changed = false;
  running = send("/draft", body()).then(drafted, () => drafted(null));
  await running;
  running = null;
}

function drafted(answer) {
  if (!answer) {
    changed = true;
    failed += 1;
    return;
  }
  form.dataset.drafted = "1";
  if (!changed) word.textContent = word.dataset.draftWord;
  for (const link of document.querySelectorAll("[data-tab]")) {
    const url = new URL(link.href);
    url.searchParams.set("draft", "1");
    link.href = url;
  }
  form.elements.taken.value = "1";
}

let soon = 0;
let later = 0;
function touched(isTyped) {
  clearTimeout(soon);
  soon = setTimeout(preview, 250);
  if (!isTyped || !mayEdit) return;
  changed = true;
  delete form.dataset.drafted;
  word.hidden = false;
  if (!running && !isOut) word.textContent = word.dataset.plainWord;
  keepSoon(2000);
}

function keepSoon(wait) {
  if (isOut || isHeld) return;
  later ||= setTimeout(async () => {
    later = 0;
    const before = failed;
    await keep();
    if (changed) keepSoon(failed > before ? 10_000 : 2000);
  }, wait);
}

for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    if (event.target.form !== form) return;
    touched(event.target.dataset.preview === undefined);
  });
}

// To another tab: what was typed is kept first, and stands there again on the way back.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-tab]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (!changed && !running) return;
  event.preventDefault();
  await keep();
  if (changed) await keep();
  if (!changed) delete form.dataset.changed;
  location.assign(link.href);
});
addEventListener("pagehide", () => {
  if (changed && !leaving && !isHeld) navigator.sendBeacon(`${editor.dataset.editor}/draft`, body());
});
form.addEventListener("submit", (event) => {
  if (event.submitter?.dataset.refresh !== undefined) {
    delete form.dataset.sent;
    return;
  }
  leaving = true;
});
addEventListener("pageshow", () => (leaving = false));
const refresh = form.querySelector("[data-refresh]");
refresh.hidden = true;
const count = form.querySelector("button[name=count]");
if (count) count.hidden = true;

// Rows: added from their template, taken away, without the server. The focus goes to the new row's
// first field, or to the button that adds one.
form.addEventListener("click", (event) => {
  const add = event.target.closest("button[data-add]");
  const drop = event.target.closest("button[data-drop]");
  if (add) {
    event.preventDefault();
    const path = add.dataset.add;
    const place = form.querySelector(`[data-rows="${path}"]`);
    const html = form.querySelector(`template[data-template="${path}"]`).innerHTML;
    const holder = document.createElement("template");
    let n = place.children.length;
    while (form.querySelector(`[data-row="${path}.${n}"]`)) n += 1;
    holder.innerHTML = html.replaceAll("__n__", String(n));
    const row = holder.content.firstElementChild;
    place.append(row);
    add.hidden = place.children.length >= Number(add.dataset.most);
    row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    touched(true);
  } else if (drop) {
    const row = drop.closest("[data-row]");
    const place = row.parentElement;
    if (place.dataset.rows === undefined) return;
    event.preventDefault();
    const next = form.querySelector(`button[data-add="${place.dataset.rows}"]`);
    row.remove();
    next.hidden = false;
    next.focus();
    touched(true);
  }
});

// Words into the message, where the caret stands.
const message = document.getElementById("f-message_text");
if (message) {
  document.querySelector("[data-inserts]").hidden = false;
  document.addEventListener("click", (event) => {
    const insert = event.target.closest("[data-insert]");
    const replace = event.target.closest("[data-replace]");
    if (insert) {
      message.setRangeText(insert.dataset.insert, message.selectionStart, message.selectionEnd, "end");
    } else if (replace) {
      event.preventDefault();
      message.value = message.value.replaceAll(replace.dataset.replace, replace.dataset.by);
    } else return;
    message.focus();
    message.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

// The title: how long it is while it is typed.
for (const field of form.querySelectorAll("[data-count]")) {
  const hint = document.getElementById(`h-${field.name}`);
  const note = document.createElement("b");
  note.className = "length";
  note.setAttribute("aria-hidden", "true");
  hint?.append(" ", note);
  const tell = () => {
    note.textContent = `${[...field.value].length} / ${field.dataset.count}`;
    note.classList.toggle("over", [...field.value].length > Number(field.dataset.count));
  };
  field.addEventListener("input", tell);
  tell();
}

// What stood there before the page came: typed text on the phone, and the tab where one is.
if (!word.hidden) preview();
const here = document.querySelector(".tabs [aria-current]");
here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 40;
