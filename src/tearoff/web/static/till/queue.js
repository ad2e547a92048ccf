// Scans that nobody could check yet, kept on the device (IndexedDB) until the server has
// answered each of them.

import { Refused, ask } from "./api.js";

const STORE = "scans";
const AT_ONCE = 20;
let opened;

function open() {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open("tearoff-till", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
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

/** The same key again is the same scan. */
export function keep(scan) {
  return work("readwrite", (store) => store.put(scan));
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
export async function send() {
  if (!navigator.locks) return sendAll();
  return navigator.locks.request("till-queue", { ifAvailable: true }, (lock) =>
    lock ? sendAll() : [],
  );
}

async function sendAll() {
  const verdicts = [];
  for (let scans = await kept(); scans.length; scans = await kept()) {
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
