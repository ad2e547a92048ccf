// What a person cannot read of a page: text that is cut off, runs out of its box, lies on other
// text, or is broken in the middle of a word: of at most so many letters, or of any number where
// its device would set no hyphen. Codes and addresses, which run from the left, may be broken.
(longestWhole) => {
  const root = document.querySelector("dialog[open]") ?? document.body;
  const width = document.documentElement.clientWidth, height = innerHeight;
  const found = [], lines = [];
  const name = (e) => e.tagName.toLowerCase() + (e.id && "#" + e.id) + [...e.classList].map((c) => "." + c).join("");
  const tell = (what, e, text) => found.push(`${what}: "${text.trim().slice(0, 40)}" in ${name(e)}`);
  const isPainted = (s) => !/^(transparent|rgba\(.*, 0\))$/.test(s.backgroundColor) || s.backgroundImage !== "none"
    || ["Top", "Right", "Bottom", "Left"].every((side) => parseFloat(s[`border${side}Width`]) > 0);
  // For screen readers only: a box of one pixel.
  const isUnseen = (e) => e.closest("svg,script,style,template,option,textarea,noscript") || !e.checkVisibility({ visibilityProperty: true })
    || [...ancestors(e)].some((a) => a.clientWidth <= 1 && getComputedStyle(a).position === "absolute");
  function* ancestors(e) {
    for (; e && e !== document.documentElement; e = e.parentElement) yield e;
  }

  // How far a line may be seen, and whether a person can bring all of it there.
  function look(line) {
    const { element, box, text, size } = line;
    let seen = { left: 0, right: width, top: -1e6, bottom: 1e6 }, isFree = false;
    for (const a of ancestors(element)) {
      const style = getComputedStyle(a), r = a.getBoundingClientRect();
      if (style.display === "inline" || style.display === "contents") continue;
      const inner = { left: r.left + a.clientLeft, top: r.top + a.clientTop };
      inner.right = inner.left + a.clientWidth;
      inner.bottom = inner.top + a.clientHeight;
      if (style.overflowX !== "visible" && a !== document.body) {
        if (box.left < inner.left - 1 || box.right > inner.right + 1) tell("cut at the side", a, text);
        const scrolls = /auto|scroll/.test(style.overflowY);
        if (!scrolls && !isFree && (box.top < inner.top - size / 4 || box.bottom > inner.bottom + size / 4)) tell("cut above or below", a, text);
        if (scrolls) {
          seen.top = Math.max(seen.top, inner.top);
          seen.bottom = Math.min(seen.bottom, inner.bottom);
          isFree = true;
        }
      }
      if (isPainted(style) && !isFree && (box.left < r.left - 1 || box.right > r.right + 1 || box.top < r.top - size / 4 || box.bottom > r.bottom + size / 4)) tell("runs out of its box", a, text);
      if (style.position === "fixed" && !isFree && (box.top < -1 || box.bottom > height + 1)) tell("off the screen", a, text);
    }
    if (box.left < -1 || box.right > width + 1) tell("off the screen", element, text);
    line.box = { ...box, top: Math.max(box.top, seen.top), bottom: Math.min(box.bottom, seen.bottom) };
    line.shown = line.box.top < line.box.bottom;
  }

  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement;
    if (!node.data.trim() || isUnseen(element)) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize), range = document.createRange();
    const mayBreak = style.hyphens === "auto" || element.closest("body [dir=ltr]");
    for (const word of node.data.matchAll(/[^\s\u200b]+/g)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const boxes = [...range.getClientRects()].filter((b) => b.width > 0);
      for (const b of boxes) {
        const middle = (b.top + b.bottom) / 2; // what a font keeps free above and below is no text
        lines.push({ element, node, size, text: word[0], box: { left: b.left, right: b.right, top: middle - size / 2.2, bottom: middle + size / 2.2 } });
      }
      const tops = new Set(boxes.map((b) => Math.round(b.top / (size / 2))));
      const parts = word[0].split(/[-\u00ad\/@.,:;…–—?&=]+/), longest = Math.max(...parts.map((p) => p.length));
      if (tops.size > Math.max(1, parts.filter(Boolean).length) && (longest <= longestWhole || !mayBreak)) tell("broken in the middle", element, word[0]);
    }
  }
  lines.forEach(look);
  const shown = lines.filter((line) => line.shown);
  shown.forEach((a, i) => shown.slice(i + 1).forEach((b) => {
    const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
    const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
    if (wide > 2 && high > Math.min(a.size, b.size) / 3) tell(`lies on "${a.text}"`, b.element, b.text);
  }));
  // What is pressed or typed into: it is no text node's business, and must be there wholly too.
  for (const e of root.querySelectorAll("button,a,input,select,summary,svg")) {
    if (!e.checkVisibility({ visibilityProperty: true }) || isUnseen(e.parentElement)) continue;
    const r = e.getBoundingClientRect();
    if (r.width > 1 && (r.left < -1 || r.right > width + 1)) tell("off the screen", e, e.value ?? e.textContent);
  }
  return [...new Set(found)];
}
