// The counter's page: a code comes in by camera, by hand or by a scanner; a verdict goes out.

import { NoConnection, REMEMBERED, ask } from "./api.js";
import { watchRows } from "./lists.js";
import { device } from "./memory.js";
import { catchUp, draw, refresh, state } from "./place.js";
import { drop, kept } from "./queue.js";
import { check, left, resume, stands, undo, watchScans } from "./scan.js";
import * as signals from "./signals.js";
import * as verdict from "./verdict.js";
import { listenForScanner } from "./wedge.js";
import { files, language, words } from "./words.js";

const $ = (id) => document.getElementById(id);

const LANGUAGE_AGAIN = 3000; // milliseconds between two tries
let camera = null, isStarting = false;

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

/** On a desk the keyboard is at hand; on a phone it would cover half of the screen. */
function focusField() {
  if (matchMedia("(pointer: fine)").matches) $("code").focus();
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  check($("code").value);
});
listenForScanner((text, anyCase) => {
  if (stands(text)) return undefined;
  if (verdict.isAsking()) {
    verdict.problem(words.decide_first);
    return signals.signal("wait");
  }
  verdict.close();
  return check(text, anyCase);
});
watchRows({ undo, drop });
watchScans((isLooking) => camera?.pause(isLooking));
verdict.watchClosing(() => {
  left();
  if (camera?.isRunning()) return camera.pause(false);
  if (!$("code").value) return focusField();
  $("code").focus();
  return $("code").select(); // an unknown one is corrected, or typed over
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
for (const what of ["sound", "vibration"]) {
  const show = () => $(what).setAttribute("aria-pressed", String(signals.isOn(what)));
  $(what).addEventListener("click", () => {
    signals.turn(what);
    show();
    signals.signal("good");
  });
  show();
}
$("out").addEventListener("submit", async (event) => {
  event.preventDefault();
  const stays = (await kept()).length > 0;
  $("out-problem").textContent = stays ? words.sign_out_waits : "";
  $("out-problem").hidden = !stays;
  if (stays) return;
  try {
    await ask("sign-out", {});
    device.drop(REMEMBERED);
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
$("vibration").hidden = !(navigator.vibrate && navigator.maxTouchPoints);
focusField();
draw().then(refresh).then(() => $("rows").removeAttribute("aria-busy")).then(catchUp).then(resume);
$("rows").setAttribute("aria-busy", "true");
// The language that was asked for is kept: a reload may come from the device again, and a worker
// that was just coming has the page in the language of before.
const asked = new URLSearchParams(location.search).get("lang");
if (asked !== language && [...$("languages").children].some(({ lang }) => lang === asked)) {
  // The device's own page: the server was not heard.
  $("language-waits").hidden = false;
  setInterval(() => {
    if (!verdict.isOpen() && !$("code").value) ask("state").then(() => location.reload(), () => {});
  }, LANGUAGE_AGAIN);
} else if (location.search) {
  history.replaceState(null, "", "/till");
  navigator.serviceWorker?.ready.then(({ active }) => active?.postMessage("language"));
}
