// What somebody without a mouse cannot reach, or cannot see that they have reached it. Called twice:
// before the presses of Tab with the number of presses it takes as the answer, and after them.
(isOver) => {
  const FOCUSABLE = "a[href],button,input:not([type=hidden]),select,textarea,summary,[tabindex]";
  const name = (e) => e.outerHTML.slice(0, 140);
  if (isOver) return [...window.wanted].filter((e) => e.isConnected && e.checkVisibility({ visibilityProperty: true }) && !window.reached.has(e))
    .map((e) => `not reached: ${name(e)}`).concat(window.unseen);
  const radios = new Set();
  const isWanted = (e) => {
    if (e.tabIndex < 0 || e.disabled || !e.checkVisibility({ visibilityProperty: true })) return false;
    if (e.type !== "radio") return true;
    const all = [...document.getElementsByName(e.name)];
    const isFirst = all.some((r) => r.checked) ? e.checked : !radios.has(e.name);
    radios.add(e.name);
    return isFirst;
  };
  window.wanted = new Set([...document.querySelectorAll(FOCUSABLE)].filter(isWanted));
  window.reached = new Set();
  window.unseen = [];
  document.activeElement?.blur();
  // Where the page begins, whatever had the focus.
  getSelection().removeAllRanges();
  addEventListener("focusin", ({ target: e }) => {
    window.reached.add(e);
    if (e.localName === "iframe") return;
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(e), r = e.getBoundingClientRect();
    const isMarked = (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
    if (!isMarked) window.unseen.push(`no sign of its focus: ${name(e)}`);
    if (r.width < 2 || r.height < 2) window.unseen.push(`nothing to see of it: ${name(e)}`);
  });
  const stops = (e) => ({ "datetime-local": 8, date: 5, time: 4, file: 2 })[e.type] ?? (/video|audio/.test(e.localName) ? 9 : 1);
  return [...window.wanted].reduce((n, e) => n + stops(e), 5);
}
