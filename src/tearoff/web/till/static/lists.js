// The results of today, the scans that wait, and those that came back refused.

import { readCode } from "./code.js";

const $ = (id) => document.getElementById(id);
const DAY = { day: "numeric", month: "short" };
let does = {};

/** What the button in a row does, after a second tap elsewhere: `undo(key, code)` of a use,
 * `drop(key)` of a scan that waits. */
export function watchRows(acts) {
  does = acts;
}

/** A coupon by its six characters, as its page shows them; of anything else enough to know it. */
export function shownCode(text) {
  const { kind = "own", code } = readCode(text) ?? {};
  if (kind === "own") return text.slice(0, 40);
  return `${code.slice(0, 3)} ${code.slice(3, 6)}`.toUpperCase();
}

export function makeLists({ shapes, words, language }) {
  let timeZone, ahead = 0, asked = "";

  const write = (at, look) =>
    new Intl.DateTimeFormat(language === "ar" ? "ar-u-nu-latn" : language, { ...look, timeZone }).format(at);

  /** By the clock on the wall of the place; with its day, if that is not today. */
  function timeOf(at) {
    const day = write(at, DAY), time = write(at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    return day === write(Date.now() + ahead, DAY) ? time : `${day} ${time}`;
  }

  function row(found) {
    const item = $("row").content.firstElementChild.cloneNode(true), at = new Date(found.scanned_at ?? found.at);
    item.classList.add(found.verdict);
    item.querySelector("path").setAttribute("d", shapes[found.verdict]);
    item.querySelector("b").textContent = found.word;
    item.querySelector(".code").textContent = shownCode(found.code);
    item.querySelector(".text").textContent = found.verdict === "no" ? found.text : found.title;
    const time = item.querySelector("time");
    time.dateTime = at.toISOString();
    time.textContent = timeOf(at);
    const question = item.querySelector("details"), left = Date.parse(found.undo_until) - Date.now() - ahead;
    if (found.verdict === "unchecked" && does.drop) ask(question, "drop", found);
    else if (left > 0) {
      ask(question, "undo", found);
      setTimeout(() => question.remove(), left);
    } else question.remove();
    return item;
  }

  /** A hasty second tap only closes the question again. */
  function ask(question, act, { key, code }) {
    const [first, sure] = question.children;
    first.textContent = words[act];
    sure.textContent = words[`${act}_sure`];
    const name = `${act} ${key}`; // nobody who is asked one thing answers another
    question.open = asked === name; // also after the rows were drawn anew
    question.addEventListener("toggle", () => (asked = question.open ? name : ""));
    sure.addEventListener("click", () => does[act](key, code));
  }

  const waits = ({ key, code, scanned_at: at }) => row({
    verdict: "unchecked", word: words.waits, title: "", key, code, scanned_at: Date.parse(at) + ahead,
  });

  return {
    timeOf,
    /** The zone of the place, and by how much its server's clock is ahead of this device's. */
    tellTimeOf(zone, milliseconds = 0) {
      timeZone = zone;
      ahead = milliseconds;
    },
    show(recent, waiting) {
      const rows = [...[...waiting].reverse().map(waits), ...recent.map(row)];
      $("rows").replaceChildren(...rows);
      $("empty").hidden = rows.length > 0;
    },
    showConflicts(conflicts) {
      $("conflict-rows").replaceChildren(...conflicts.map(row));
      $("conflicts").hidden = conflicts.length === 0;
    },
  };
}
