// The camera: started by a tap only, stopped when the page is left, awake while it looks.

import { nameOf } from "./code.js";
import { openReader } from "./reader.js";

const $ = (id) => document.getElementById(id);
const video = $("video"), light = $("light"), other = $("other");
const PAUSE = 90; // milliseconds between two looks
// The same code counts as shown anew once it was out of sight for so many looks and so long, or is
// held before the camera so long after its verdict was closed.
const LOOKS_WITHOUT = 3, OUT_OF_SIGHT = 800, HELD = 3000;
const MOST_FAILURES = 30; // so often in a row, and the reader is broken

let stream = null, stopped = () => {}, broken = () => {}, device = "", reader = null, awake = null, isPaused = false;
let last = "", lastSeen = 0, resumed = 0, without = 0;

export const isRunning = () => stream !== null;

/** While a verdict is on the screen. */
export function pause(on) {
  isPaused = on;
  lastSeen = resumed = performance.now(); // what lies before the camera since is no new scan
  without = 0;
}

/** Look for codes until it stops; each is given to `found`. Throws what the browser says. */
export async function start(files, found, told, failed) {
  stopped = told;
  broken = failed;
  await use({ facingMode: "environment" });
  if (document.hidden) return stop();
  try {
    reader ??= await openReader(files);
  } catch (error) {
    stop();
    throw error;
  }
  look(found);
  return undefined;
}

export function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  last = "";
  video.srcObject = null;
  video.hidden = light.hidden = other.hidden = true;
  awake?.release().catch(() => {});
  awake = null;
  stopped();
}

async function use(wish) {
  const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
  stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...wish, ...size } });
  const [track] = stream.getVideoTracks();
  track.addEventListener("ended", () => stream?.getVideoTracks()[0] === track && stop());
  device = track.getSettings().deviceId ?? "";
  video.srcObject = stream;
  video.hidden = false;
  await video.play();
  light.hidden = !track.getCapabilities?.().torch;
  light.setAttribute("aria-pressed", "false");
  other.hidden = (await cameras()).length < 2;
  await stayAwake();
}

async function look(found) {
  const mine = stream;
  let failures = 0;
  while (stream === mine && mine) {
    if (!isPaused && video.readyState >= 2 && video.videoWidth) {
      const text = await reader(video).catch(() => null);
      failures = text === null ? failures + 1 : 0;
      without = text ? without : without + 1;
      if (failures > MOST_FAILURES) return giveUp();
      if (text && !isPaused && stream && isNew(text)) found(text);
    }
    await new Promise((done) => setTimeout(done, PAUSE));
  }
  if (stream) look(found);
}

/** A reader that finds nothing and never says why is worse than none. */
function giveUp() {
  stop();
  reader = null;
  broken();
}

/** A code that stays in sight is one scan, also when its token has changed meanwhile. */
function isNew(text) {
  const name = nameOf(text), now = performance.now();
  const isAway = without >= LOOKS_WITHOUT && now - lastSeen > OUT_OF_SIGHT;
  const isSame = name === last && !isAway && now - resumed < HELD;
  last = name;
  lastSeen = now;
  without = 0;
  if (!isSame) resumed = now;
  return !isSame;
}

async function cameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === "videoinput");
}

async function stayAwake() {
  await awake?.release().catch(() => {});
  awake = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
}

light.addEventListener("click", async () => {
  const on = light.getAttribute("aria-pressed") !== "true";
  try {
    await stream.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: on }] });
    light.setAttribute("aria-pressed", String(on));
  } catch {
    light.hidden = true; // it said that it could
  }
});
other.addEventListener("click", async () => {
  const all = (await cameras()).map(({ deviceId }) => deviceId);
  const next = all[(all.indexOf(device) + 1) % all.length];
  stream.getTracks().forEach((track) => track.stop());
  await use({ deviceId: { exact: next } }).catch(stop);
});
