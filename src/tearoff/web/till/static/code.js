// What was read or typed, and which coupon it may mean: as tearoff/coupons/counter/scanned_text.py reads it, for
// the time without connection. Both are held to tests/data/scan_vectors.json.

export const LONGEST = 2000;
const LONGEST_OWN = 100;
const MOST_WRAPPINGS = 4;
const LINK = /\/[pz]\/[0-9a-z]{1,32}\/([0-9a-z]{21})(?![0-9a-z])[^?\s]*(?:\?(\S*))?/i;
const LABEL = /^.*?(?:code|c[oó]digo|codice|kod|الرمز|رمز|كود)(?: *[:#] *| (?:is|est|ist|lautet|es|è|é|to|هو)(?: ?: ?| ))([^ ].*?)(?:[.,;!?](?: .*)?)?$/iu;
const TOKEN = /(?:^|[&;])k=([0-9A-Za-z_-]{1,30})(?![0-9A-Za-z_-])/;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const BETWEEN = /[\s\-\u2010-\u2015.\u00b7]+/g;
const AROUND = /^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu;
const UNSEEN = /[\p{Default_Ignorable_Code_Point}()\-. \u2010-\u2015\u2212\u00b7]/gu;
const ARTICLE = /^(?:01(?=\d{14}$))?(?:00(?=\d{12}$)|0(?=\d{12,13}$))?/; // GTIN, and its zeros
const SHORT = /^[a-hjkmnp-tv-z2-9]{6}$/;

/** {kind, code, token}, kind is link, full, short or own; null for what can be no code. */
export function readCode(text) {
  text = [...text].slice(0, LONGEST).join("").replace(UNPRINTABLE, "").trim().replace(/^\][a-z][0-9](?=.)/i, "");
  // A mail program may have broken it in lines, which a field joins by blanks.
  const link = linkIn(text) || linkIn(text.replace(/(\/[pz]\/\S*) +/i, "$1")) || linkIn(text.replace(/ +/g, ""));
  if (link) return { kind: "link", ...link };
  const bare = text.replace(/^\*(.+)\*$/, "$1").replace(LABEL, "$1");
  const code = bare.normalize("NFKC").replace(BETWEEN, "").replace(AROUND, "").toLowerCase();
  if (/^[0-9a-z]{21}$/.test(code)) return { kind: "full", code, token: "" };
  if (SHORT.test(code)) return { kind: "short", code, token: "" };
  return text && [...text].length <= LONGEST_OWN ? { kind: "own", code: bare, token: "" } : null;
}

/** The same for all forms in which one coupon is read: with its token of the moment, as link, as
 * code or by its six characters; a shop's own code as own_code_key (PostgreSQL) compares it. */
export function nameOf(text) {
  const { kind, code } = readCode(text) ?? {};
  if (kind !== "own") return code ? code.slice(0, 6) : text;
  return code.normalize("NFKC").replace(UNSEEN, "").toLowerCase().replace(ARTICLE, "");
}

function linkIn(text) {
  let code = "";
  for (let n = 0; n <= MOST_WRAPPINGS; n++) {
    text = text.replace(/\/v3\/__(.*?)__;/gi, " $1 ");
    const [, found, query] = LINK.exec(text) ?? [];
    if (found && (!code || found.toLowerCase() === code)) {
      code = found.toLowerCase();
      const token = TOKEN.exec(query ?? "")?.[1];
      if (token) return { code, token };
    }
    const inner = decoded(text.replace(/\/v2\/url\?u=([^&\s]+)/gi, ofProofpoint));
    if (inner === text) break;
    text = inner;
  }
  return code && { code, token: "" };
}

const ofProofpoint = (_, link) => ` ${link.replace(/-/g, "%").replace(/_/g, "/")}`;

/** Without percent signs; bytes that are no UTF-8 become U+FFFD. */
function decoded(text) {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return unescape(run).replace(/[\x80-\xff]+/g, "\ufffd");
    }
  });
}
