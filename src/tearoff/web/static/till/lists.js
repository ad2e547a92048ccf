// The results of today, the scans that wait, and those that came back refused.

import { readCode } from "./code.js";

const $ = (id) => document.getElementById(id);

/** A coupon by its six characters, as its page shows them; of anything else enough to know it. */
export function shownCode(text) {
  const { kind = "own", code } = readCode(text) ?? {};
  if (kind === "own") return text.slice(0, 40);
  return `${code.slice(0, 3)} ${code.slice(3, 6)}`.toUpperCase();
}

export function makeLists({ shapes, words, language }) {
  let clock = makeClock();

  function makeClock(timeZone) {
    return new Intl.DateTimeFormat(language === "ar" ? "ar-u-nu-latn" : language, {
      hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone,
    });
  }

  function row(found) {
    const item = $("row").content.firstElementChild.cloneNode(true);
    item.classList.add(found.verdict);
    item.querySelector("path").setAttribute("d", shapes[found.verdict]);
    item.querySelector("b").textContent = found.word;
    item.querySelector(".code").textContent = shownCode(found.code);
    item.querySelector(".text").textContent = found.verdict === "no" ? found.text : found.title;
    const time = item.querySelector("time");
    time.dateTime = found.at;
    time.textContent = clock.format(new Date(found.at));
    return item;
  }

  const waits = (scan) => row({
    verdict: "unchecked", word: words.waits, title: "", code: scan.code, at: scan.scanned_at,
  });

  return {
    /** The clock on the wall of the place, whatever this device thinks. */
    tellTimeOf(zone) {
      if (zone) clock = makeClock(zone);
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
