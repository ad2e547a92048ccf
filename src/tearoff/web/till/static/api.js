// What the device asks the server. Nothing heard in eight seconds counts as no connection.

import { device } from "./memory.js";

export const PATIENCE = 8000;
export const REMEMBERED = "till-state"; // on the device: what the place last said of itself

export class NoConnection extends Error {}

/** The server understood and said no to the question itself: a wrong amount, say. */
export class Refused extends Error {
  constructor(status, told) {
    super(told.error || String(status));
    this.status = status;
    this.field = told.field || "";
  }
}

let tell = () => {};

/** `told(true)` when the server was heard, `told(false)` when it was not. */
export function watchConnection(told) {
  tell = told;
}

export async function ask(path, body) {
  const [status, told] = await talk(path, body);
  tell(true);
  if (status === 401) return leave(told.need);
  if (status >= 400) throw new Refused(status, told);
  return told;
}

async function talk(path, body) {
  const end = new AbortController();
  const patience = setTimeout(() => end.abort(), PATIENCE);
  try {
    const answer = await fetch(`/till/api/${path}?lang=${document.documentElement.lang}`, {
      method: body ? "POST" : "GET",
      headers: body ? { "Content-Type": "application/json", "X-Till": "1" } : {},
      body: body && JSON.stringify(body),
      cache: "no-store",
      redirect: "error",
      signal: end.signal,
    });
    // A server in trouble and a hotel's sign-in page are no connection either.
    if (answer.status >= 500 || [408, 429].includes(answer.status)) throw new NoConnection();
    return [answer.status, await answer.json()];
  } catch {
    tell(false);
    throw new NoConnection();
  } finally {
    clearTimeout(patience);
  }
}

/** To the PIN or the pairing; the queue stays on the device. Never returns: the page is left. */
function leave(need) {
  if (need !== "pin") device.drop(REMEMBERED); // another place may follow
  location.assign(need === "pin" ? "/till/pin" : "/till/pair");
  return new Promise(() => {});
}
