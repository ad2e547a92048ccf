// The verdict fills the screen: word, shape, colour, and one button that has the focus.

import { signal } from "./signals.js";
import { shapes } from "./words.js";

const $ = (id) => document.getElementById(id);
const dialog = $("verdict"), act = $("v-act"), leave = $("v-close"), undo = $("v-undo");
const DEAF = 700; // milliseconds in which nobody can have read what has just changed
let shown = null, ticking = 0, hearing = 0, deafUntil = 0, pressed = 0, closed = () => {};

/** `told()` each time the screen is free again. */
export function watchClosing(told) {
  closed = told;
}

export const isOpen = () => dialog.open;

/** The code stays in its field: its seconds must be over before it is looked at, or it is none of ours. */
export const keepsCode = () => shown?.over || shown?.keeps;

/** It waits for a decision: neither Enter of a scanner nor a new scan may take it. */
export const isAsking = () => dialog.open && Boolean(shown.act || shown.kind === "checking");

/** What is shown: kind, word, lines ({text, look, code}), asks ({amount, receipt}: no, optional or
 * required) when somebody must decide, and three buttons ({label, act}), each always at its own
 * place: act, close and undo. `seconds` is how long undo lives, or what the first line tells where
 * there is over: what is shown after them. */
export function show(view) {
  clearInterval(ticking);
  shown = view;
  dialog.className = `verdict ${view.kind}`;
  dialog.querySelector("path").setAttribute("d", shapes[view.kind]);
  $("v-word").textContent = view.word;
  $("v-lines").replaceChildren(...view.lines.map(line));
  field("amount", view.asks?.amount);
  field("receipt", view.asks?.receipt);
  problem("");
  button(act, view.act);
  button(leave, view.close);
  button(undo, view.undo);
  if (view.seconds) countDown(view.seconds);
  if (!dialog.open) dialog.showModal();
  if (!history.state) history.pushState("verdict", "");
  $("v-told").scrollTop = 0;
  focus();
  deafen();
  signal(view.kind);
}

/** What must be typed comes first where the keyboard is at hand; on a phone it would hide the word. */
function focus() {
  const must = matchMedia("(pointer: fine)").matches && ["amount", "receipt"].find((name) => shown.asks?.[name] === "required");
  ($(`v-${must}`) ?? [act, leave].find((button) => !button.hidden) ?? dialog).focus();
}

export function close() {
  if (!dialog.open) return;
  clearInterval(ticking);
  dialog.close();
  deafen();
  closed();
}

/** What was pressed before the change, or too soon after it, was not meant for what is there now. */
function deafen() {
  deafUntil = performance.now() + DEAF;
  document.body.classList.add("deaf");
  clearTimeout(hearing);
  hearing = setTimeout(() => document.body.classList.remove("deaf"), DEAF + 20);
}

/** Under the fields, in red; the dialog stays. `name` is the field that is meant, if one is. */
export function problem(text, name) {
  $("v-problem").textContent = text;
  $("v-problem").hidden = !text;
  for (const input of [$("v-amount"), $("v-receipt")]) input.removeAttribute("aria-invalid");
  if (!text) return;
  deafen();
  if (!name) return;
  $(`v-${name}`).setAttribute("aria-invalid", "true");
  $(`v-${name}`).focus();
}

function line({ text, look = "", code = "" }) {
  const p = document.createElement("p");
  p.className = look;
  p.dir = "auto";
  p.textContent = text;
  if (code) {
    const bdi = document.createElement("bdi");
    bdi.dir = "ltr";
    bdi.textContent = code;
    p.append(text ? " " : "", bdi);
  }
  return p;
}

function field(name, wanted) {
  $(`v-${name}-field`).hidden = !wanted || wanted === "no";
  $(`v-${name}`).value = "";
  $(`v-${name}-field`).firstChild.lastChild.hidden = wanted === "required";
}

function button(element, wanted) {
  element.hidden = !wanted;
  element.textContent = wanted?.label ?? "";
}

function countDown(seconds) {
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (shown.over) $("v-lines").firstChild.textContent = shown.lines[0].text.replace(/\d+/, left);
    else undo.textContent = `${shown.undo.label} (${left})`;
    if (left > 0) return;
    clearInterval(ticking);
    undo.hidden = true;
    dialog.focus(); // and back: so it is told once
    if (shown.over) show(shown.over);
    focus();
  };
  tick();
  ticking = setInterval(tick, 1000);
}

$("v-form").addEventListener("submit", (event) => {
  event.preventDefault();
  shown.act?.act();
});
leave.addEventListener("click", () => shown.close.act());
undo.addEventListener("click", () => shown.undo.act());
const root = document.documentElement; // behind hand scanners, whose keys are no answers
/** Whoever goes on tapping has not read it. */
function press({ timeStamp }) {
  pressed = timeStamp;
  if (dialog.open && timeStamp < deafUntil) deafen();
}
root.addEventListener("pointerdown", press, true);
root.addEventListener("pointercancel", () => (pressed = 0), true);
root.addEventListener("keydown", (event) => {
  const { key, repeat, timeStamp } = event;
  if (key === "Enter" && repeat) event.preventDefault(); // held down since before
  if (repeat || !["Enter", " ", "Escape"].includes(key)) return;
  if (key === "Escape" && timeStamp < deafUntil) event.preventDefault();
  press(event);
}, true);
root.addEventListener("click", (event) => {
  const began = pressed || event.timeStamp;
  pressed = 0;
  if (began >= deafUntil) return;
  event.preventDefault();
  event.stopPropagation();
}, true);
// Back leads to the counter: while a verdict stands there is a step in the history that it takes.
addEventListener("popstate", () => {
  if (!dialog.open || history.state) return;
  if (performance.now() >= deafUntil && shown.close) shown.close.act();
  else history.pushState("verdict", "");
});
// Escape is the careful answer.
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  shown.close?.act();
});
