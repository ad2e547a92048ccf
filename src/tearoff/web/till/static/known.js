// What this device knows of coupons, by what the server said last: for the time without connection.

import { nameOf } from "./code.js";
import { device } from "./memory.js";

const KNOWN = "till-known";
const MOST = 300;

const all = () => new Map(device.read(KNOWN));

/** Another place may be another shop's, whose own codes are alike. */
const nameIn = ({ place, code }) => `${place} ${nameOf(code)}`;

/** {left, at, text, isUsed}: how many uses the coupon of a scan has, when the last one was or why there
 * is none, and whether because it was used. One use is what a coupon has of which nobody knows. */
export const knownOf = (scan) => all().get(nameIn(scan)) ?? { left: 1 };

/** A picture of the code says nothing of the coupon itself. */
export function learn(scan, { verdict, reason, text, scanned_at: at, uses_left: left }) {
  if (verdict === "wait" || reason === "screenshot") return;
  const known = all(), name = nameIn(scan), isUsed = verdict === "used", before = known.get(name);
  // A use that this device made stands unless the coupon has more of them again.
  const last = isUsed ? at : verdict === "good" && left <= before?.left && before.at;
  known.delete(name); // the newest is the last
  if (verdict === "no") known.set(name, { left: 0, text, isUsed: reason === "already_used" });
  else known.set(name, { left, isUsed, at: last });
  device.set(KNOWN, JSON.stringify([...known].slice(-MOST)));
}
