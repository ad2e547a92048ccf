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
      return does();
    } catch {
      return null;
    }
  };
  const get = (name) => own.get(name) ?? safely(() => storage().getItem(name)) ?? "";
  return {
    get,
    /** What was written as JSON; null where nothing was. */
    read: (name) => safely(() => JSON.parse(get(name) || null)),
    set(name, text) {
      own.delete(name);
      if (safely(() => storage().setItem(name, text)) === null) own.set(name, text);
    },
    drop(name) {
      own.delete(name);
      safely(() => storage().removeItem(name));
    },
  };
}
