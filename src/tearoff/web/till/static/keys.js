// What a scanner meant by the keys that it pressed. It is a keyboard without letters on its keys:
// what comes of them is the machine's doing, and is another text where the machine is set to
// another country than the scanner, or has CapsLock on. So each key is kept twice: what the
// machine made of it, and what stands there on a US keyboard, the one that scanners come with.

import { readCode } from "./code.js";
import { device } from "./memory.js";

const REMEMBERED = "till-scanner"; // on the device: "us" once it was seen to be one
const DIGITS = ")!@#$%^&*(";
const SIGNS = {
  Backquote: "`~", Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|",
  IntlBackslash: "\\|", Semicolon: ";:", Quote: "'\"", Comma: ",<", Period: ".>", Slash: "/?",
};
const OURS = /^(?=.*[a-z])[^01ilou]{6}/; // a receipt may have 21 signs as well
const PLAIN = /^[a-z0-9](?:[a-z0-9 ._/()-]*[a-z0-9])?$/i;

/** {made, us, isCaps} of a key that types something, else null. `made` is "" where the machine
 * waits for the next key, to put an accent on it. */
export function keyOf(event) {
  const { key, code, shiftKey, ctrlKey, altKey, metaKey } = event;
  // AltGr is both Ctrl and Alt on some systems, and neither on others.
  if (metaKey || ctrlKey !== altKey) return null;
  const isMute = ["Dead", "Process", "Unidentified"].includes(key);
  if (!isMute && /^[A-Z][A-Za-z0-9]+$/.test(key)) return null;
  const us = usKey(code, shiftKey) || (isMute ? "" : key);
  const isLetter = !isMute && /^Key/.test(code) && key.toLowerCase() !== key.toUpperCase();
  const isCaps = isLetter && (key !== key.toLowerCase()) !== shiftKey;
  return us ? { made: isMute ? "" : key, us, isCaps } : null;
}

function usKey(code, shift) {
  const [, kind, sign] = /^(Key|Digit)(.)$/.exec(code) ?? [];
  if (kind === "Key") return shift ? sign : sign.toLowerCase();
  if (kind === "Digit") return shift ? DIGITS[sign] : sign;
  return SIGNS[code]?.[Number(shift)];
}

/** {text, anyCase, isCoupon: it is one of ours for sure}: the likeliest reading of some keys. What the machine made of them
 * stands, unless only another reading makes a link or a code. With `anyCase` nobody knows which
 * letters were large: scanners may make up for CapsLock, and nothing tells whether this one did. */
export function meaningOf(keys) {
  const made = keys.map((key) => key.made).join(""), us = keys.map((key) => key.us).join("");
  const isCaps = keys.some((key) => key.isCaps), isMute = keys.some((key) => !key.made);
  const worths = [worthOf(made, isMute), isCaps ? worthOf(swapped(made), isMute) : -1, worthOf(us)];
  const likely = Math.max(worths[0], worths[1]);
  if (us !== made && worths[2] !== likely) {
    if (worths[2] > likely) device.set(REMEMBERED, "us");
    else device.drop(REMEMBERED);
  }
  const isUs = worths[2] > likely || (worths[2] === likely && device.get(REMEMBERED) === "us");
  const text = isUs ? us : worths[1] > worths[0] ? swapped(made) : made;
  const { kind, code } = readCode(text) ?? {};
  return { text, anyCase: isCaps, isCoupon: kind === "link" || (kind === "full" && OURS.test(code)) };
}

/** 5 for a link with its token, 4 for one without, 3 for a code of ours, 2 for six characters, 1 for
 * what looks like a shop's own. */
function worthOf(text, isMute) {
  const { kind, code, token } = readCode(text) ?? {};
  if (kind !== "own") return { link: token ? 5 : 4, full: 3, short: 2 }[kind] ?? 0;
  return Number(!isMute && PLAIN.test(code));
}

const swapped = (text) =>
  [...text].map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join("");
