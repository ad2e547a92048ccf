// Scans that nobody could check yet, kept on the device (IndexedDB) until the server has
// answered each of them.

import { nameOf } from "./code.js";
import { Refused, ask } from "./api.js";

const STORE = "scans";
const AT_ONCE = 20;
const SAME = 600_000; // milliseconds in which a code that waits, shown again, is the same scan
let opened;

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

async function work(mode, does) {
  const db = await open();
  return new Promise((done, failed) => {
    const doing = db.transaction(STORE, mode);
    const request = does(doing.objectStore(STORE));
    doing.oncomplete = () => done(request.result);
    doing.onerror = doing.onabort = () => failed(doing.error);
  });
}

/** The same key again is the same scan: it stays as it was read first. */
export async function keep(scan) {
  const before = await work("readonly", (store) => store.get(scan.key));
  return work("readwrite", (store) => store.put({ ...scan, scanned_at: before?.scanned_at ?? scan.scanned_at }));
}

/** The key under which this code waits already, if it was read a short while ago. */
export async function waitingKey(name) {
  const since = Date.now() - SAME;
  return (await kept()).find((scan) =>
    nameOf(scan.code) === name && Date.parse(scan.scanned_at) > since)?.key;
}

/** In the order in which they were scanned. */
export async function kept() {
  try {
    const scans = await work("readonly", (store) => store.getAll());
    return scans.sort((a, b) => (a.scanned_at < b.scanned_at ? -1 : 1));
  } catch {
    return [];
  }
}

async function drop(scans) {
  for (const { key } of scans) await work("readwrite", (store) => store.delete(key));
}

/** Send what waits, in order; only one window does. Gives the verdicts that came back. */
export async function send(place) {
  if (!navigator.locks) return sendAll(place);
  return navigator.locks.request("till-queue", { ifAvailable: true }, (lock) =>
    lock ? sendAll(place) : [],
  );
}

/** Those of this place only: what was read at another one waits until the device is there again. */
async function sendAll(place) {
  const verdicts = [];
  const ours = async () => (await kept()).filter((scan) => !scan.place || scan.place === place);
  for (let scans = await ours(); scans.length; scans = await ours()) {
    const some = scans.slice(0, AT_ONCE), answers = await sendSome(some);
    // What could not be decided yet (too many wrong codes) stays, and is sent again later.
    const decided = some.filter((_, n) => answers[n] && answers[n].verdict !== "wait");
    await drop(decided);
    verdicts.push(...answers.filter(({ verdict }) => verdict !== "wait"));
    if (decided.length < some.length) break;
  }
  return verdicts;
}

/** A scan that the server will not have must not stop those behind it. */
async function sendSome(scans) {
  try {
    return (await ask("sync", { scans })).results;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (scans.length === 1) return [{ ...scans[0], verdict: "no" }];
  }
  const verdicts = [];
  for (const scan of scans) verdicts.push(...(await sendSome([scan])));
  return verdicts;
}
