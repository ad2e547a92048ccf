// A scan: it is looked at, taken in, taken back. Without connection the verdict is NOT CHECKED until
// the server is heard. Nothing but the server ever says OK.

import { NoConnection, PATIENCE, Refused, ask } from "./api.js";
import { LONGEST, nameOf } from "./code.js";
import { answersTo, type, typed } from "./fields.js";
import { knownOf, learn } from "./known.js";
import { shownCode } from "./lists.js";
import { visit } from "./memory.js";
import { catchUp, draw, ownTimeOf, refresh, state, timeOf } from "./place.js";
import { forget, keep, kept, sendFirst, watchQueue } from "./queue.js";
import * as signals from "./signals.js";
import * as verdict from "./verdict.js";
import { counted, words } from "./words.js";

const $ = (id) => document.getElementById(id);
const SLOW = 1000; // milliseconds after which "Checking…" is shown
const SOON = 1500; // and after which what was not checked is asked about again
const OPEN = "till-open"; // of this visit: whose verdict stood, or was asked for, when the page was left

// `scan`: whose verdict stands, or is asked for. `unheard`: its verdict is not the server's.
// `missed`: another code was read while this one was asked for. `waited`: scans of the same coupon that
// people asked to take in, for which nothing was handed out yet; what comes of them is its verdict.
let isBusy = false, scan = null, unheard = false, missed = false, waited = [], busy = () => {};

const makeKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");

/** `told(true)` when a code is looked at, `told(false)` when nothing came of it. */
export function watchScans(told) {
  busy = told;
}

addEventListener("pagehide", () => {
  if (stands(scan?.code)) visit.set(OPEN, JSON.stringify({ scan, typed: typed() }));
});

/** After a reload, or the PIN that came between: the verdict as it is now, with what was typed. What
 * people asked to take in is the same scan still. */
export async function resume() {
  const open = visit.read(OPEN);
  visit.drop(OPEN);
  if (!open || isBusy || verdict.isOpen()) return;
  scan = { ...open.scan, take: false };
  isBusy = true;
  const found = open.scan.take && (await ask("scan", { key: scan.key }).catch((error) => error));
  const waits = open.scan.take && (await kept()).some(({ key }) => key === scan.key);
  isBusy = false;
  if (found?.verdict && found.verdict !== "good") return settle(found);
  if (found instanceof NoConnection || waits) return takeLater();
  await decide("check");
  type(open.typed);
}

/** Whether this coupon's verdict stands, or is asked for: reading it again is the same request. */
export const stands = (text) => text && scan && (isBusy || verdict.isOpen()) && nameOf(scan.code) === nameOf(text);

/** A new scan, with one key from the first question to the use, and in the queue: whatever is sent
 * again, because nobody heard the answer, is the same scan. `anyCase`: nobody knows which of its
 * letters are large. */
export async function check(text, anyCase) {
  const code = text.trim().slice(0, LONGEST);
  fieldProblem(code ? "" : words.no_code);
  if (!code || stands(code)) return;
  if (isBusy) return missing();
  scan = {
    key: makeKey(), code, place: state.place_id, place_name: state.place, take: false,
    scanned_at: new Date().toISOString(), ahead: state.ahead,
  };
  if (anyCase) scan.any_case = true;
  $("news").textContent = "";
  await decide("check");
  if (!verdict.keepsCode()) $("code").value = "";
}

/** It is said as soon as there is a place for it. */
function missing() {
  missed = true;
  signals.signal("wait");
  tellMissed();
}

function tellMissed() {
  if (!missed || !verdict.isOpen()) return;
  missed = false;
  verdict.problem(words.decide_first);
}

function redeem(asks) {
  if (isBusy) return undefined;
  const typed = answersTo(asks);
  if (!typed) return undefined;
  Object.assign(scan, typed, { take: true });
  return decide("redeem");
}

/** Ask, and show what comes of it; after a second of silence, that it is being asked. */
async function decide(path) {
  isBusy = true;
  unheard = false;
  waited = [];
  busy(true);
  const slow = setTimeout(() => {
    verdict.show(viewOfChecking());
    tellMissed();
  }, SLOW);
  try {
    settle(await hear(path).finally(() => clearTimeout(slow)));
    if (scan.take) forget([scan]);
  } catch (error) {
    if (error instanceof NoConnection) await uncheck();
    else if (error instanceof Refused) refused(error);
    else throw error;
  } finally {
    isBusy = false;
  }
  refresh();
}

/** What waits of this coupon is decided first: the verdict is of the coupon after that. */
async function hear(path) {
  const found = path === "check" && (await hearOfWaiting());
  const { key, code, any_case, amount, receipt } = scan;
  return found || ask(path, { key, code, any_case, amount, receipt });
}

/** Other scans of its coupon. */
const isLike = (mine) => ({ key, code }) => key !== mine.key && nameOf(code) === nameOf(mine.code);
const isOwed = ({ take, promised }) => take && !promised;

async function hearOfWaiting() {
  const late = new Promise((_, failed) => setTimeout(failed, PATIENCE, new NoConnection()));
  const owed = (await Promise.race([sendFirst(scan.place, isLike(scan)), late])).filter(isOwed).at(-1);
  if (!owed) return null;
  const found = await ask("scan", { key: owed.key }).catch((error) => {
    if (error instanceof NoConnection) throw error;
  });
  if (found?.verdict !== "used") return null;
  scan = owed;
  return found;
}

function settle(found) {
  unheard = scan.take && found.verdict === "good"; // the use is on its way
  learn(scan, found);
  verdict.show(viewOf(found));
  tellMissed();
  if (verdict.keepsCode() && $("video").hidden) $("code").value = scan.code;
}

/** It is kept, with its key: what is only to be looked at is only looked at, and nothing is taken in
 * that nobody asked to take in. When the queue has its answer, that is shown. */
async function uncheck() {
  unheard = true;
  const before = (await kept()).filter(isLike(scan)), known = knownOf(scan);
  const mayTake = state.trusts_offline && known.left > before.length;
  scan.promised = scan.take && mayTake;
  waited = scan.take ? [] : before.filter(isOwed);
  const isKept = await keep(scan);
  if (unheard) verdict.show(viewOfUnheard(known, before, isKept, isKept && mayTake));
  tellMissed();
  setTimeout(catchUp, SOON);
}

/** Whoever goes on without an answer hands nothing out: what the place took in at once is taken back. */
export function left() {
  if (!unheard || scan.take) return;
  unheard = false;
  keep({ ...scan, left: true }).then(catchUp);
}

/** Two windows share what waits, and the verdict that stands is never older than what they know. */
watchQueue((answers) => {
  if (unheard && (isBusy || verdict.isOpen())) {
    const taken = answers.find((one) => one.verdict === "used" && waited.some(({ key }) => key === one.key));
    const found = taken ?? answers.find(({ key, word }) => word && key === scan.key);
    if (taken) scan = waited.find(({ key }) => key === taken.key);
    if (found) settle(found);
  }
  if (answers.length) refresh();
  else draw();
});

function refused(error) {
  verdict.close();
  busy(false);
  return fieldProblem(error.message);
}

function fieldProblem(text) {
  $("code-problem").lastElementChild.textContent = text;
  $("code-problem").hidden = !text;
  if (text) {
    $("code").setAttribute("aria-invalid", "true");
    $("code").setAttribute("aria-describedby", "code-hint code-problem");
    $("code").focus();
  } else {
    $("code").removeAttribute("aria-invalid");
    $("code").setAttribute("aria-describedby", "code-hint");
  }
}

// What is shown --------------------------------------------------------------------------

const next = () => ({ label: words.next, act: verdict.close });

function viewOf(found) {
  const view = { kind: found.verdict, word: found.word, lines: linesOf(found), close: next() };
  if (found.verdict === "good") {
    view.asks = found.asks ?? {};
    view.act = { label: words.redeem, act: () => redeem(view.asks) };
    view.close = { label: words.cancel, act: verdict.close };
  } else if (found.verdict === "used" && found.undo_until) {
    view.undo = { label: words.undo, act: () => undo(found.key) };
    view.seconds = (Date.parse(found.undo_until) - Date.now() - (state.ahead ?? 0)) / 1000;
  } else if (found.verdict === "wait") {
    view.close = { label: words.close, act: verdict.close };
    view.seconds = found.wait_seconds;
    view.over = { kind: "undone", word: words.again, lines: [], close: { label: words.again, act: again } };
  } else if (found.reason === "unknown" || found.reason === "ambiguous") {
    view.keeps = true;
    view.close = { label: words.again, act: verdict.close };
  }
  return view;
}

function again() {
  verdict.close();
  return check(scan.code, scan.any_case);
}

function linesOf(found) {
  const lines = [{ text: found.title, look: "first" }, { text: found.value }, { text: found.text }];
  if (found.uses_left > (found.verdict === "good" ? 1 : 0) && found.verdict !== "no") {
    lines.push({ text: counted(words.uses_left, found.uses_left) });
  }
  if (found.verdict === "good") {
    const { at } = knownOf(scan);
    if (at) lines.push({ text: words.used_here.replace("{when}", timeOf(at)) });
    lines.push({ text: found.conditions, look: "quiet" });
  }
  if (found.read) lines.push({ text: words.read, code: found.read });
  return lines.filter(({ text }) => text);
}

/** Without connection nothing is taken back, and nothing waits. But the server may have heard it:
 * nothing green stands until that is known. */
export async function undo(key, code) {
  if (isBusy) return;
  if (scan?.key !== key) scan = { key, code, place: state.place_id };
  isBusy = true;
  try {
    settle(await ask("undo", { key }));
  } catch (error) {
    if (!(error instanceof NoConnection)) {
      if (verdict.isOpen()) verdict.problem(error.message);
      else $("news").textContent = error.message;
    } else {
      verdict.show({ kind: "unchecked", word: words.not_checked, lines: [{ text: words.offline }], close: next() });
      findOut(scan);
    }
  } finally {
    isBusy = false;
  }
  refresh();
}

async function findOut(mine) {
  if (scan !== mine || !verdict.isOpen()) return;
  const found = await ask("scan", { key: mine.key }).catch(() => null);
  if (!found) setTimeout(findOut, SOON, mine);
  else if (scan === mine && verdict.isOpen()) settle(found);
}

const viewOfChecking = () => ({
  kind: "checking", word: words.checking, lines: [{ text: words.checking_text }],
});

/** Amber, a clock, and the word that nobody can take for a yes; or the NO that this device knows. It
 * hands out no more than the coupon has, as far as it was told: `before` are the scans of it that wait. */
function viewOfUnheard(known, before, isKept, mayTake) {
  const isOver = known.isUsed && known.left < 1 && !scan.take;
  const lines = [{ text: scan.take ? (isKept ? words.not_checked_text : words.not_kept) : words.offline }];
  if (before.length) lines.push({ text: words.waits_since.replace("{when}", ownTimeOf(before.at(-1).scanned_at)) });
  else if (known.at) lines.push({ text: words.used_here.replace("{when}", timeOf(known.at)) });
  else if (known.text) lines.push({ text: known.text });
  if (scan.take && mayTake) lines.push({ text: words.trusted, look: "first" });
  else if (!mayTake) lines.push({ text: words.not_trusted, look: "first" });
  lines.push({ text: "", code: shownCode(scan.code), look: "quiet" });
  const view = { kind: isOver ? "no" : "unchecked", word: isOver ? words.no : words.not_checked, lines, close: next() };
  if (mayTake && !scan.take) {
    view.act = { label: words.take, act: takeLater };
    view.close.label = words.leave;
  }
  return view;
}

async function takeLater() {
  scan.take = true;
  await uncheck();
}
