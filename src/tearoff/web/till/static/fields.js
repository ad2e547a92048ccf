// What the staff says before a coupon is taken in: the amount spent, the number of the receipt.
// Amounts are read as tearoff/kit/amounts.py reads them: tests/data/amount_vectors.json holds both.

import { problem } from "./verdict.js";
import { words } from "./words.js";

const AMOUNT = /^(?=.*\d)(?!\d{1,3}\D\d{3}$)(\d{1,9}|\d{1,3}([.,' ’٬])\d{3}(?:\2\d{3})?(?!\2))?(?:[.,٫،](?:(\d{0,2})|[-–]{1,2}))?$/;
const CURRENCY = "([a-z]{0,2}\\p{Sc}|eur|usd|gbp|chf|fr|kr|zł|dh)\\.?";
const CURRENCIES = new RegExp(`^${CURRENCY} *| *${CURRENCY}$`, "giu");

const field = (name) => document.getElementById(`v-${name}`);
const valueOf = (name) => field(name).value.trim();

/** Both as they stand there, and put there again. */
export const typed = () => ({ amount: valueOf("amount"), receipt: valueOf("receipt") });
export const type = (values) => Object.entries(values).forEach(([name, text]) => (field(name).value = text));

/** {amount, receipt} as far as they were typed; null when something is missing or wrong, which the
 * verdict says then. `asks` is the verdict's, and remembers the amount that was asked about. */
export function answersTo(asks) {
  const { amount: text, receipt } = typed(), amount = text && readAmount(text);
  if (amount === null) return wrong("amount", words.bad_amount);
  if (!amount && asks.amount === "required") return wrong("amount", words.no_amount);
  // Nothing at all, or more than hardly any counter takes: once more.
  if (amount && !(amount > 0 && amount < 100_000) && asks.sure !== amount) {
    asks.sure = amount;
    return wrong("amount", words.sure_amount.replace("{amount}", text));
  }
  if (!receipt && asks.receipt === "required") return wrong("receipt", words.bad_receipt);
  return { ...(amount && { amount }), ...(receipt && { receipt }) };
}

function wrong(name, text) {
  problem(text, name);
  return null;
}

/** "12.50", or "12" where there is nothing behind the point; null for what is no amount, or may be
 * two. */
export function readAmount(text) {
  const plain = text.replace(/\s/g, " ").replace(/\p{C}/gu, "").trim().replace(CURRENCIES, "");
  const found = AMOUNT.exec(plain.replace(/[٠-٩۰-۹０-９]/g, (digit) => digit.charCodeAt(0) & 15));
  if (!found) return null;
  const [, whole = "", , cents = ""] = found;
  return (+`${whole.replace(/\D/g, "")}.${cents}0`).toFixed(cents > 0 && 2);
}
