// A hand scanner is a keyboard that types faster, or more evenly, than people do, and ends with
// Enter, Tab or nothing.

import { keyOf, meaningOf } from "./keys.js";

const PAUSE = 250; // milliseconds after which what was typed is over
const BRISK = 120; // between two keys, on average: the slowest scanners
const FAST = 60; // the longest between two keys of a fast one
const EVEN = 40; // by which the gaps between the keys of a slow one differ
const MANY = 12; // so many brisk keys in a row are no person's
const NOBODY = 25; // so little between two keys, on average, is none's either
const SECOND_END = 300; // some end with two: CR and LF

/** `scanned(text, anyCase)` for each scan, wherever the focus is; what it typed into a field is
 * taken out again, and its keys press no button and move no focus. The number of a receipt that is
 * scanned into its field stays there. */
export function listenForScanner(scanned) {
  let burst = null, timer = 0, ended = -SECOND_END, holdsSpace = false, number = "";

  function begin(event) {
    const field = event.target instanceof HTMLInputElement ? event.target : null;
    burst = { keys: [], gaps: [], last: event.timeStamp, field, before: field?.value, isEnding: false };
    if (field) burst.rest = [field.value.slice(0, field.selectionStart), field.value.slice(field.selectionEnd)];
  }

  function add(key, event) {
    if (burst) burst.gaps.push(event.timeStamp - burst.last);
    else begin(event);
    burst.keys.push(key);
    waitForMore(event);
  }

  /** A part of the scan, or its end: nobody else may have it. */
  function swallow(event) {
    event.preventDefault();
    event.stopPropagation();
  }

  function waitForMore(event) {
    burst.last = event.timeStamp;
    clearTimeout(timer);
    timer = setTimeout(pause, PAUSE);
  }

  function pause() {
    if (burst && (burst.isEnding || isScanner(burst, 6, 8))) finish(burst.last + PAUSE);
    burst = null;
  }

  function finish(now) {
    const { field, before, rest, keys } = burst, { text, anyCase, isCoupon } = meaningOf(keys);
    burst = null;
    ended = now;
    clearTimeout(timer);
    const stays = field && "scans" in field.dataset && !isCoupon;
    const value = stays ? rest.join(text).slice(0, field.maxLength) : before;
    if (field && field.value !== value) field.value = value;
    if (!stays) scanned(text, anyCase);
  }

  document.addEventListener("keydown", (event) => {
    if (event.repeat || ["Shift", "CapsLock", "Control", "Alt", "AltGraph", "Meta"].includes(event.key)) return;
    if (burst && event.timeStamp - burst.last > PAUSE) pause();
    if (event.altKey && /^Numpad\d$/.test(event.code)) return void (number += event.code.at(-1));
    const key = keyOf(event);
    if (key) {
      if (event.key === " " && burst && !burst.field) {
        holdsSpace = true;
        swallow(event);
      }
      return add(key, event);
    }
    if (!burst) return event.timeStamp - ended < SECOND_END && (isEnd(event) || event.key === "Tab") && swallow(event);
    if (isEnd(event)) return end(event);
    if (!mayBeScanner(burst) || /^(Back|Del|Arr|Home|End)/.test(event.key)) return void (burst = null);
    // Tab, or a separator of GS1 as some tell it (F8, Ctrl+]): the next pause is the end.
    burst.isEnding ||= event.key === "Tab";
    swallow(event);
    return waitForMore(event);
  }, true);
  document.addEventListener("keyup", (event) => {
    // Some tell the numbers of their signs, as Windows takes them while Alt is held.
    if (event.key === "Alt" && number) {
      const sign = String.fromCharCode(number);
      number = "";
      add({ made: sign, us: sign, isCaps: false }, event);
    }
    if (event.key !== " " || !holdsSpace) return;
    holdsSpace = false; // a button is pressed when the bar comes up
    event.preventDefault();
  }, true);

  function end(event) {
    if (mayBeScanner(burst)) {
      swallow(event);
      return finish(event.timeStamp);
    }
    // Perhaps a slow one: it must not answer for the staff, who press Enter once more.
    const isSure = isAmount(burst) && /[.,٫]/.test(burst.field.value);
    if (isOfVerdict(burst.field) && isBrisk(burst, 6) && !isSure) swallow(event);
    burst = null;
  }
}

const isEnd = ({ key, ctrlKey }) => key === "Enter" || (ctrlKey && /^[jm]$/i.test(key));

/** It ended with a key. Nobody types where no field is; but cashiers type amounts fast, and what
 * comes behind something in a field is rather the rest of a code that somebody types in pieces. */
function mayBeScanner(burst) {
  if (!burst.field) return burst.keys.length > 1;
  return burst.rest.join("") || isOfVerdict(burst.field) ? isScanner(burst, 6, 10) : isScanner(burst, 4, 4);
}

const isOfVerdict = (field) => field?.form.id === "v-form";

/** An amount that somebody typed, however fast: no article has so few digits and no letter. */
function isAmount({ field, gaps }) {
  if (field?.id !== "v-amount" || /\p{L}|\d{10}/u.test(field.value)) return false;
  return gaps.reduce((sum, gap) => sum + gap, 0) >= NOBODY * gaps.length;
}

function isBrisk(burst, least) {
  if (burst.keys.length < least) return false;
  return burst.gaps.reduce((sum, gap) => sum + gap, 0) <= BRISK * burst.gaps.length;
}

/** From so many fast keys on, or so many even ones. */
function isScanner(burst, fast, even) {
  if (!isBrisk(burst, Math.min(fast, even)) || isAmount(burst)) return false;
  const { keys: { length }, gaps } = burst, slowest = Math.max(...gaps);
  if (length >= MANY || (length >= fast && slowest <= FAST)) return true;
  return length >= even && slowest - Math.min(...gaps) <= EVEN;
}
