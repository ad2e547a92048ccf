// Scans of which the server has not heard, kept on the device (IndexedDB) until it has answered each
// of them: those that people want taken in, and those that were only looked at (`take` is false).

import { NoConnection, ask } from "./api.js";
import { learn } from "./known.js";

const STORE = "scans";
const AT_ONCE = 20;
const PATIENCE = 3000; // milliseconds; some browsers' databases never answer
const MUTE = 60_000; // for so long one that did not is not asked again
const others = globalThis.BroadcastChannel && new BroadcastChannel("till-queue");
const loose = new Map(); // where the browser keeps nothing: for as long as the page is open
let opened, muteUntil = 0, told = () => {};

/** `does(answers)` after each change, in this window or in another one of this device, with the
 * verdicts that came. */
export function watchQueue(does) {
  told = does;
  if (others) others.onmessage = ({ data }) => does(data);
}

function tell(answers = []) {
  told(answers);
  others?.postMessage(answers);
}

function open() {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open("tearoff-till", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  opened.catch(() => (opened = undefined)); // the next time may do better
  return opened;
}

function work(mode, does) {
  if (performance.now() < muteUntil) return Promise.reject(new Error("mute"));
  return new Promise((done, failed) => {
    const silence = setTimeout(() => {
      muteUntil = performance.now() + MUTE;
      opened = undefined;
      failed(new Error("mute"));
    }, PATIENCE);
    doWork(mode, does).finally(() => clearTimeout(silence)).then(done, failed);
  });
}

async function doWork(mode, does) {
  const db = await open();
  return new Promise((done, failed) => {
    const doing = db.transaction(STORE, mode);
    const request = does(doing.objectStore(STORE));
    doing.oncomplete = () => done(request?.result);
    doing.onerror = doing.onabort = () => failed(doing.error);
  });
}

/** The same key again is the same scan. False where it is lost with the page: it promises nothing. */
export async function keep(scan) {
  const isKept = await work("readwrite", (store) => void store.put(scan)).then(() => true, () => false);
  if (isKept) loose.delete(scan.key);
  else loose.set(scan.key, { ...scan, promised: false });
  tell();
  return isKept;
}

/** Those that people want taken in, in the order in which they were scanned. */
export const kept = async () => (await all()).filter(({ take }) => take !== false);

/** It is taken in no more. The server may have taken it in, and its answer was lost: then it is taken
 * back. Nothing is changed where an answer came meanwhile. */
export async function drop(key) {
  const dropped = (scan) => ({ ...scan, take: false, left: true });
  if (loose.has(key)) loose.set(key, dropped(loose.get(key)));
  await work("readwrite", (store) => {
    const request = store.get(key);
    request.onsuccess = () => request.result && store.put(dropped(request.result));
  }).catch(() => {});
  tell();
}

async function all() {
  const stored = await work("readonly", (store) => store.getAll()).catch(() => []);
  return [...stored, ...loose.values()].sort((a, b) => (a.scanned_at < b.scanned_at ? -1 : 1));
}

/** Send what there is, in order; only one window does. Gives what was decided. */
export async function send(place) {
  if (!navigator.locks) return sendAll(place);
  return navigator.locks.request("till-queue", { ifAvailable: true }, (lock) =>
    lock ? sendAll(place) : [],
  );
}

/** What `isMeant` is sent before anything new is asked: what is on the way already is waited for.
 * Gives what waited, all of which is decided now. */
export async function sendFirst(place, isMeant) {
  const meant = async () => (await waitingAt(place)).filter(isMeant), before = await meant();
  if (!before.length) return before;
  const doSend = () => sendAll(place, isMeant);
  await (navigator.locks ? navigator.locks.request("till-queue", doSend) : doSend());
  if ((await meant()).length) throw new NoConnection();
  return before;
}

/** Those of one place only: they count where they were read. */
const waitingAt = async (place) => (await all()).filter((scan) => (scan.place ?? place) === place);

async function sendAll(place, isMeant = () => true) {
  const verdicts = [];
  const ours = async () => (await waitingAt(place)).filter(isMeant);
  for (let scans = await ours(); scans.length; scans = await ours()) {
    const some = scans.slice(0, AT_ONCE), answers = await sendSome(some, place);
    // What could not be decided yet (too many wrong codes) stays, and is sent again later.
    const decided = some.filter((_, n) => answers[n] && answers[n].verdict !== "wait");
    const came = answers.filter(({ verdict }) => verdict !== "wait");
    decided.forEach((scan, n) => learn(scan, came[n]));
    await forget(decided);
    tell(came);
    verdicts.push(...came);
    if (decided.length < some.length) break;
  }
  return verdicts;
}

/** They were answered. What people asked for while its look was on the way is still to be sent. */
export async function forget(scans) {
  for (const sent of scans) {
    const isAsSent = (now) => now?.take === sent.take && now.left === sent.left;
    if (isAsSent(loose.get(sent.key))) loose.delete(sent.key);
    await work("readwrite", (store) => {
      const request = store.get(sent.key);
      request.onsuccess = () => isAsSent(request.result) && store.delete(sent.key);
    }).catch(() => {});
  }
}

/** A scan that the server will not have must not stop those behind it. */
async function sendSome(scans, place) {
  try {
    const { results } = await ask("sync", { place_id: place, sent_at: new Date().toISOString(), scans });
    return results.map((found, n) => ({ ...found, take: scans[n].take !== false }));
  } catch (error) {
    // 400: too much at once.
    if (![400, 422].includes(error.status) || error.field === "place_id") throw error;
    if (scans.length === 1) return [{ ...scans[0], verdict: "no" }];
  }
  const verdicts = [];
  for (const scan of scans) verdicts.push(...(await sendSome([scan], place)));
  return verdicts;
}
