// What is remembered beyond a reload. A browser that blocks its storage throws at every touch:
// there it is remembered for as long as the page is open.

/** For good, on this device: `get(name)` gives a text or "". */
export const device = memoryOf(() => localStorage);
/** For this window, until it is closed. */
export const visit = memoryOf(() => sessionStorage);

function memoryOf(storage) {
  const own = new Map();
  const safely = (does) => {
    try {
      return does(storage());
    } catch {
      return null;
    }
  };
  return {
    get: (name) => own.get(name) ?? safely((kept) => kept.getItem(name)) ?? "",
    set(name, text) {
      own.delete(name);
      if (safely((kept) => kept.setItem(name, text)) === null) own.set(name, text);
    },
    drop(name) {
      own.delete(name);
      safely((kept) => kept.removeItem(name));
    },
  };
}
