// A hardware scanner is a keyboard that types faster than people and ends with Enter.

const GAP = 70; // milliseconds between two of its keys
const SHORTEST = 6;
const SECOND_ENTER = 300; // some end with two: CR and LF

/** `scanned(text)` for each scan, wherever the focus is; what it typed into a field is taken out
 * again, and its Enter presses no button. */
export function listenForScanner(scanned) {
  let text = "", last = 0, ended = -SECOND_ENTER, field = null, before = "";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.key === "Shift") return;
    if (event.timeStamp - last > GAP) {
      text = "";
      field = event.target instanceof HTMLInputElement ? event.target : null;
      before = field?.value ?? "";
    }
    last = event.timeStamp;
    if (event.key.length === 1) {
      if (text && event.key === " " && !field) event.preventDefault();
      text += event.key;
    } else {
      if (event.key === "Enter" && text.trim().length >= SHORTEST) {
        event.preventDefault();
        event.stopPropagation();
        if (field) field.value = before;
        ended = event.timeStamp;
        scanned(text);
      } else if (event.key === "Enter" && event.timeStamp - ended < SECOND_ENTER) {
        event.preventDefault();
      }
      text = "";
    }
  }, true);
}
