// What the place says of itself, what waits on this device, and whether the server is heard.

import { NoConnection, REMEMBERED, ask, watchConnection } from "./api.js";
import { makeLists } from "./lists.js";
import { device } from "./memory.js";
import { drop, kept, send } from "./queue.js";
import * as signals from "./signals.js";
import { counted, language, shapes, words } from "./words.js";

const $ = (id) => document.getElementById(id);
const lists = makeLists({ shapes, words, language });
/** Of a moment of the server's. */
export const timeOf = (at) => lists.timeOf(Date.parse(at));
/** Of one of this device's. */
export const ownTimeOf = (at) => lists.timeOf(Date.parse(at) + (state.ahead ?? 0));
const TRY_AGAIN = 5000; // milliseconds between two tries, at first and while codes wait
const SELDOM = 15_000; // and while there is no connection, in the end

/** As the server told it last. */
export let state = device.read(REMEMBERED) ?? {};
let isOnline = navigator.onLine;

export async function refresh() {
  try {
    state = await ask("state");
    state.ahead = Date.parse(state.now) - Date.now(); // the server's clock of this device's
    device.set(REMEMBERED, JSON.stringify(state));
  } catch (error) {
    if (!(error instanceof NoConnection)) throw error;
  }
  await draw();
}

export async function draw() {
  const waiting = await kept();
  if (state.place) {
    $("place").textContent = state.place;
    $("staff").textContent = state.staff;
  }
  lists.tellTimeOf(state.timezone, state.ahead);
  lists.show(state.recent ?? [], waiting);
  lists.showConflicts(state.conflicts ?? []);
  showStrays(strays(waiting));
  $("waiting").textContent = counted(words.waiting, waiting.length);
  $("waiting").hidden = waiting.length === 0;
  $("connection").textContent = isOnline ? words.online : words.offline;
  $("connection").className = isOnline ? "on" : "off";
}

/** Those of another place where this device was before, one place after the other. */
function strays(waiting) {
  const [first, ...more] = waiting.filter(({ place }) => state.place_id && place && place !== state.place_id);
  return first ? [first, ...more.filter(({ place }) => place === first.place)] : [];
}

function showStrays(scans) {
  $("strays").hidden = !scans.length;
  $("strays-title").textContent = scans.length ? counted(words.strays, scans.length).replace("{place}", scans[0].place_name ?? "…") : "";
}

/** `does(scan)` with each of them, or what became of all when they were sent. */
async function settleStrays(does) {
  const scans = strays(await kept());
  try {
    await does(scans);
    $("strays-problem").hidden = true;
  } catch (error) {
    $("strays-problem").textContent = error instanceof NoConnection ? words.offline : words.strays_foreign;
    $("strays-problem").hidden = false;
  }
  await refresh();
}

$("strays-send").addEventListener("click", () => settleStrays(([{ place }]) => send(place)));
$("strays-drop").addEventListener("click", () => settleStrays(async (scans) => {
  for (const { key } of scans) await drop(key);
  await send(scans[0].place).catch(() => {}); // what was taken in is taken back, if it can be
}));

export async function catchUp() {
  try {
    const done = await send(state.place_id), taken = done.filter(({ take }) => take);
    if (taken.length) $("news").textContent = counted(words.caught_up, taken.length);
    if (taken.some(({ verdict }) => verdict === "no")) signals.signal("no");
  } catch (error) {
    if (!(error instanceof NoConnection)) throw error;
    await draw();
  }
}

// A browser gives up a worker that lost the connection while it came: hence until there is one.
// Where none can come (a private window, say), the page works all the same while connected.
function keepOnDevice() {
  if (navigator.serviceWorker?.controller !== null) return;
  navigator.serviceWorker.register("/till/worker.js", { scope: "/till" }).catch(() => {});
}

watchConnection((heard) => {
  const isBack = heard && !isOnline;
  isOnline = heard;
  if (heard) keepOnDevice();
  if (isBack) catchUp();
});
addEventListener("online", () => refresh().then(catchUp));
addEventListener("offline", () => {
  isOnline = false;
  draw();
});

/** A connection that was lost is looked for by itself, also when nothing waits. */
let pause = TRY_AGAIN;
async function beat() {
  try {
    if (!document.hidden && !isOnline) await refresh();
    if (!document.hidden) await catchUp();
  } finally {
    pause = isOnline ? TRY_AGAIN : Math.min(pause * 1.5, SELDOM);
    setTimeout(beat, pause);
  }
}
setTimeout(beat, pause);
