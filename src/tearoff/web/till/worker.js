// Keeps the page, its files and its words on the device, so that a reload without connection
// works. The server puts `VERSION`, `SHELL` and `KEPT` before this: a new version of any file is
// a new version of the worker.

const PAGE = "/till/shell";

/* global VERSION, FILES, VENDOR */
async function fill() {
  const cache = await caches.open(VERSION);
  await cache.addAll(FILES);
  await keepPage(cache);
}

/** Only the page itself: an error of a proxy must not open as the till from then on. */
async function keepPage(cache) {
  const answer = await fetch(PAGE, { cache: "no-store" });
  if (!answer.ok) throw new Error(`the page: ${answer.status}`);
  await cache.put(PAGE, answer);
}

async function forget() {
  for (const name of await caches.keys()) {
    if (name.startsWith("till-") && name !== VERSION) await caches.delete(name);
    if (name.startsWith("zxing-") && name !== VENDOR) await caches.delete(name);
  }
  await self.clients.claim();
}

/** A file's address changes with its content: what is here needs no second question. */
async function file(request) {
  const found = await caches.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok && request.url.includes(`/${VENDOR}/`)) {
    const cache = await caches.open(VENDOR);
    await cache.put(request, answer.clone());
  }
  return answer;
}

async function page(request, isNewLanguage) {
  const cache = await caches.open(VERSION);
  if (!isNewLanguage) return (await cache.match(PAGE)) ?? fetch(request);
  try {
    const answer = await fetch(request);
    return answer.status < 500 ? answer : cache.match(PAGE);
  } catch {
    return cache.match(PAGE);
  }
}

self.addEventListener("install", (event) => event.waitUntil(fill().then(() => self.skipWaiting())));
// The page that came in another language says so.
self.addEventListener("message", (event) => {
  event.waitUntil(caches.open(VERSION).then(keepPage).catch(() => {}));
});
self.addEventListener("activate", (event) => event.waitUntil(forget()));
self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/till/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate" && url.pathname === "/till") {
    event.respondWith(page(request, url.searchParams.has("lang")));
  }
});
