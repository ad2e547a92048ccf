// The counter's page: a code comes in by camera, by hand or by a scanner; a verdict goes out.
// Without connection the verdict is NOT CHECKED and the code waits in the queue. Nothing but the
// server ever says OK.

import { NoConnection, REMEMBERED, Refused, ask, watchConnection } from "./api.js";
import { LONGEST, nameOf } from "./code.js";
import { makeLists, shownCode } from "./lists.js";
import { keep, kept, send, waitingKey } from "./queue.js";
import * as signals from "./signals.js";
import * as verdict from "./verdict.js";
import { listenForScanner } from "./wedge.js";

const $ = (id) => document.getElementById(id);
const { words, files, language, shapes } = JSON.parse($("data").textContent);
const lists = makeLists({ shapes, words, language });
const plural = new Intl.PluralRules(language);
const SLOW = 1000; // milliseconds after which "Checking…" is shown
const SAME = 5000; // the same code within this time is the same scan
const TRY_AGAIN = 5000;
const UNDO_SECONDS = 60;
const AMOUNT = /^[0-9]{1,9}([.,][0-9]{1,2})?$/;
const INTERRUPTED = "till-code";

let state = remembered(), camera = null, isBusy = false, isStarting = false, isOnline = navigator.onLine;
let lastScan = { name: "", at: 0 };

const counted = (forms, n) => (forms[plural.select(n)] ?? forms.other).replace("{n}", n);
const makeKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");

// A scan ---------------------------------------------------------------------------------

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
async function check(text, anyCase) {
  const code = text.trim().slice(0, LONGEST);
  fieldProblem(code ? "" : words.no_code);
  if (!code) return;
  if (isBusy) return void signals.signal("wait");
  const scan = await scanOf(code);
  scan.extra = anyCase ? { any_case: true } : {};
  sessionStorage.setItem(INTERRUPTED, code);
  $("news").textContent = "";
  // A scanner that reads twice: the second time says what the first one said.
  if (scan.used) await decide(scan, () => ask("redeem", { ...scan.used }));
  else await decide(scan, () => ask("check", { ...scan.extra, key: scan.key, code }));
  sessionStorage.removeItem(INTERRUPTED);
  if (!verdict.waits()) $("code").value = "";
}

async function redeem(scan, asks) {
  const body = { ...scan.extra, key: scan.key, code: scan.code }, typed = verdict.typed();
  for (const [name, value] of Object.entries(typed)) if (value) body[name] = value;
  if (asks.receipt === "required" && !typed.receipt) return verdict.problem(words.bad_receipt, "receipt");
  if (typed.amount ? !AMOUNT.test(typed.amount) : asks.amount === "required") {
    return verdict.problem(words[typed.amount ? "bad_amount" : "no_amount"]);
  }
  scan.used = body;
  scan.at = Date.now();
  return decide(scan, () => ask("redeem", body), body);
}

/** Ask, and show what comes of it; after a second of silence, that it is being asked. */
async function decide(scan, question, extra = scan.extra) {
  isBusy = true;
  camera?.pause(true);
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
  camera?.pause(false);
  return fieldProblem(error.message);
}

// What is shown --------------------------------------------------------------------------

const next = () => ({ label: words.next, act: verdict.close });

function viewOf(found, scan) {
  const view = { kind: found.verdict, word: found.word, lines: linesOf(found), main: next() };
  if (found.verdict === "good") {
    view.asks = found.asks ?? {};
    view.main = { label: words.redeem, act: () => redeem(scan, view.asks) };
    view.second = { label: words.cancel, act: verdict.close };
  } else if (found.verdict === "used" && found.undo_until) {
    view.second = { label: words.undo, act: () => undo(found.key, scan) };
    view.seconds = UNDO_SECONDS;
  } else if (found.verdict === "wait") {
    view.main = { label: words.close, act: verdict.close };
    view.seconds = found.wait_seconds;
    view.over = { kind: "undone", word: words.again, lines: [], main: { label: words.again, act: verdict.close } };
  } else if (found.reason === "unknown" || found.reason === "ambiguous") {
    view.main = { label: words.again, act: verdict.close };
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
async function undo(key, scan) {
  try {
    const answer = await ask("undo", { key });
    lastScan = { name: "", at: 0 };
    verdict.show(viewOf(answer, scan));
  } catch (error) {
    verdict.problem(error instanceof NoConnection ? words.offline : error.message);
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
  return { kind: "unchecked", word: words.not_checked, lines, main: next() };
}

// State, queue, connection ---------------------------------------------------------------

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(REMEMBERED)) ?? {};
  } catch {
    return {};
  }
}

async function refresh() {
  try {
    state = await ask("state");
    localStorage.setItem(REMEMBERED, JSON.stringify(state));
  } catch (error) {
    if (!(error instanceof NoConnection)) throw error;
  }
  await draw();
}

async function draw() {
  const waiting = await kept();
  if (state.place) {
    $("place").textContent = state.place;
    $("staff").textContent = state.staff;
  }
  lists.tellTimeOf(state.timezone);
  lists.show(state.recent ?? [], waiting);
  lists.showConflicts(state.conflicts ?? []);
  $("waiting").textContent = counted(words.waiting, waiting.length);
  $("waiting").hidden = waiting.length === 0;
  $("connection").textContent = isOnline ? words.online : words.offline;
  $("connection").className = isOnline ? "on" : "off";
}

async function catchUp() {
  if (!(await kept()).length) return;
  try {
    const done = await send(state.place_id);
    if (done.length) $("news").textContent = counted(words.caught_up, done.length);
    await refresh();
    if (state.conflicts?.length) signals.signal("no");
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
setInterval(catchUp, TRY_AGAIN);

// The camera -----------------------------------------------------------------------------

const PROBLEMS = {
  NotAllowedError: words.refused, SecurityError: words.refused, NotFoundError: words.no_camera,
  Insecure: words.no_https, OverconstrainedError: words.no_camera, NotReadableError: words.busy, AbortError: words.busy,
};

async function toggleCamera() {
  if (camera?.isRunning()) return void camera.stop();
  if (isStarting) return;
  isStarting = true;
  cameraProblem("");
  $("hint").textContent = words.looking;
  try {
    if (!navigator.mediaDevices) throw Object.assign(new Error(), { name: isSecureContext ? "NotFoundError" : "Insecure" });
    camera ??= await import(files.camera);
    camera.pause(false);
    await camera.start(files, check, () => cameraIs(false), () => cameraProblem(words.camera_broken));
    cameraIs(camera.isRunning());
  } catch (error) {
    camera?.stop();
    cameraIs(false);
    cameraProblem(PROBLEMS[error.name] ?? words.camera_broken);
  } finally {
    isStarting = false;
  }
}

function cameraIs(on) {
  $("scan").querySelector("span").textContent = on ? words.stop : words.scan;
  $("hint").textContent = "";
}

function cameraProblem(text) {
  $("camera-problem").textContent = text;
  $("camera-problem").hidden = !text;
  if (text) $("code").focus();
}

// Wiring ---------------------------------------------------------------------------------

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

/** On a desk the keyboard is at hand; on a phone it would cover half of the screen. */
function focusField() {
  if (matchMedia("(pointer: fine)").matches) $("code").focus();
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  check($("code").value);
});
listenForScanner((text, anyCase) => {
  if (verdict.isAsking()) return signals.signal("wait");
  verdict.close();
  return check(text, anyCase);
});
verdict.watchClosing(() => {
  if (camera?.isRunning()) camera.pause(false);
  else focusField();
});
$("scan").addEventListener("click", toggleCamera);
$("seen").addEventListener("click", async () => {
  try {
    await ask("seen", { keys: state.conflicts.map(({ key }) => key) });
    await refresh();
  } catch (error) {
    if (!(error instanceof NoConnection)) throw error;
    await draw();
  }
});
$("sound").addEventListener("click", () => {
  signals.turn(!signals.isOn());
  $("sound").setAttribute("aria-pressed", String(signals.isOn()));
  signals.signal("good");
});
$("out").addEventListener("submit", async (event) => {
  event.preventDefault();
  const stays = (await kept()).length > 0;
  $("out-problem").textContent = stays ? words.sign_out_waits : "";
  $("out-problem").hidden = !stays;
  if (stays) return;
  try {
    await ask("sign-out", {});
    localStorage.removeItem(REMEMBERED);
    location.assign("/till/pair");
  } catch {
    $("out-problem").textContent = words.offline;
    $("out-problem").hidden = false;
  }
});
addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") camera?.stop();
  else refresh().then(catchUp);
});

$("camera").hidden = false;
$("sound").hidden = false;
$("sound").setAttribute("aria-pressed", String(signals.isOn()));
$("code").value ||= sessionStorage.getItem(INTERRUPTED) ?? "";
sessionStorage.removeItem(INTERRUPTED);
focusField();
draw().then(refresh).then(() => $("rows").removeAttribute("aria-busy")).then(catchUp);
$("rows").setAttribute("aria-busy", "true");
// The language that was asked for is kept: a reload may come from the device again, and a worker
// that was just coming has the page in the language of before.
if (location.search) {
  history.replaceState(null, "", "/till");
  navigator.serviceWorker?.ready.then(({ active }) => active?.postMessage("language"));
}
