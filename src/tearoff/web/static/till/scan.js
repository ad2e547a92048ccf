// A scan: it is looked at, taken in, taken back. Without connection the verdict is NOT CHECKED and
// the code waits in the queue. Nothing but the server ever says OK.

import { NoConnection, Refused, ask } from "./api.js";
import { LONGEST, nameOf } from "./code.js";
import { answersTo } from "./fields.js";
import { shownCode } from "./lists.js";
import { visit } from "./memory.js";
import { refresh, state } from "./place.js";
import { keep, waitingKey } from "./queue.js";
import * as signals from "./signals.js";
import * as verdict from "./verdict.js";
import { counted, words } from "./words.js";

const $ = (id) => document.getElementById(id);
const SLOW = 1000; // milliseconds after which "Checking…" is shown
const SAME = 5000; // the same code within this time is the same scan
const UNDO_SECONDS = 60;
const INTERRUPTED = "till-code"; // of this visit: the PIN came between

let isBusy = false, lastScan = { name: "", at: 0 }, busy = () => {};

const makeKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");

/** `told(true)` when a code is looked at, `told(false)` when nothing came of it. */
export function watchScans(told) {
  busy = told;
}

/** The code that was being looked at when the page was left for the PIN. */
export function interrupted() {
  const code = visit.get(INTERRUPTED);
  visit.drop(INTERRUPTED);
  return code;
}

/** One key from the first question to the use, and in the queue: whatever is sent again, because
 * nobody heard the answer, is the same scan. A code that changes is the same coupon. */
async function scanOf(code) {
  const name = nameOf(code);
  if (lastScan.name !== name || Date.now() - lastScan.at > SAME) {
    const key = (await waitingKey(name)) ?? makeKey();
    lastScan = { name, code, key, at: Date.now(), used: null };
  }
  return lastScan;
}

/** `anyCase`: nobody knows which of its letters are large. */
export async function check(text, anyCase) {
  const code = text.trim().slice(0, LONGEST);
  fieldProblem(code ? "" : words.no_code);
  if (!code) return;
  if (isBusy) return void signals.signal("wait");
  const scan = await scanOf(code);
  scan.extra = anyCase ? { any_case: true } : {};
  visit.set(INTERRUPTED, code);
  $("news").textContent = "";
  // A scanner that reads twice: the second time says what the first one said.
  if (scan.used) await decide(scan, () => ask("redeem", { ...scan.used }));
  else await decide(scan, () => ask("check", { ...scan.extra, key: scan.key, code }));
  visit.drop(INTERRUPTED);
  if (!verdict.waits()) $("code").value = "";
}

async function redeem(scan, asks) {
  const typed = answersTo(asks);
  if (!typed) return undefined;
  const body = { ...scan.extra, key: scan.key, code: scan.code, ...typed };
  scan.used = body;
  scan.at = Date.now();
  return decide(scan, () => ask("redeem", body), body);
}

/** Ask, and show what comes of it; after a second of silence, that it is being asked. */
async function decide(scan, question, extra = scan.extra) {
  isBusy = true;
  busy(true);
  const slow = setTimeout(() => verdict.show(viewOfChecking()), SLOW);
  try {
    const answer = await question();
    verdict.show(viewOf(answer, scan));
  } catch (error) {
    if (error instanceof NoConnection) verdict.show(await viewOfUnchecked(scan, extra));
    else if (error instanceof Refused) refused(error);
    else throw error;
  } finally {
    clearTimeout(slow);
    isBusy = false;
  }
  refresh();
}

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

function viewOf(found, scan) {
  const view = { kind: found.verdict, word: found.word, lines: linesOf(found), close: next() };
  if (found.verdict === "good") {
    view.asks = found.asks ?? {};
    view.act = { label: words.redeem, act: () => redeem(scan, view.asks) };
    view.close = { label: words.cancel, act: verdict.close };
  } else if (found.verdict === "used" && found.undo_until) {
    view.undo = { label: words.undo, act: () => undo(found.key, scan) };
    view.seconds = UNDO_SECONDS;
  } else if (found.verdict === "wait") {
    view.close = { label: words.close, act: verdict.close };
    view.seconds = found.wait_seconds;
    view.over = { kind: "undone", word: words.again, lines: [], close: { label: words.again, act: verdict.close } };
  } else if (found.reason === "unknown" || found.reason === "ambiguous") {
    view.close = { label: words.again, act: verdict.close };
  }
  return view;
}

function linesOf(found) {
  const lines = [{ text: found.title, look: "first" }, { text: found.value }, { text: found.text }];
  if (found.uses_left > (found.verdict === "good" ? 1 : 0) && found.verdict !== "no") {
    lines.push({ text: counted(words.uses_left, found.uses_left) });
  }
  if (found.verdict === "good") lines.push({ text: found.conditions, look: "quiet" });
  if (found.read) lines.push({ text: words.read, code: found.read });
  return lines.filter(({ text }) => text);
}

/** Without connection nothing is taken back, and nothing waits: the coupon stays used. */
export async function undo(key, scan = {}) {
  try {
    const answer = await ask("undo", { key });
    lastScan = { name: "", at: 0 };
    verdict.show(viewOf(answer, scan));
  } catch (error) {
    const text = error instanceof NoConnection ? words.offline : error.message;
    if (verdict.isOpen()) verdict.problem(text);
    else $("news").textContent = text;
  }
  refresh();
}

const viewOfChecking = () => ({
  kind: "checking", word: words.checking, lines: [{ text: words.checking_text }],
});

/** Amber, a clock, and the word that nobody can take for a yes. */
async function viewOfUnchecked(scan, extra) {
  const lines = [];
  try {
    await keep({
      ...extra, key: scan.key, code: scan.code, place: state.place_id,
      scanned_at: new Date().toISOString(),
    });
    lines.push({ text: words.not_checked_text });
    lines.push({ text: state.trusts_offline ? words.trusted : words.not_trusted, look: "first" });
  } catch {
    lines.push({ text: words.not_kept, look: "first" });
  }
  lines.push({ text: "", code: shownCode(scan.code), look: "quiet" });
  return { kind: "unchecked", word: words.not_checked, lines, close: next() };
}
