// Amounts as a hand types them: 128, 12.50, 12+30. Pure; money is whole fen from here on.

export const MOST_FEN = 99_999_999;
const LONGEST = 40;
const TERM = /^(\d{1,6})?(?:\.(\d{0,2}))?$/;

// What an input method writes in full width means the same.
export const narrow = (text) => text.normalize("NFKC").replace(/[\s,¥]/g, "");

function termFen(term) {
  const match = TERM.exec(term);
  if (!match || (match[1] === undefined && !match[2])) return null;
  return Number(match[1] ?? "0") * 100 + Number((match[2] ?? "").padEnd(2, "0"));
}

// {fen} of an amount; {fen: null, why} of what is none: empty, unfinished (12+), malformed, too_much.
export function readAmount(typed) {
  const text = narrow(typed);
  if (text === "") return { fen: null, why: "empty" };
  if (text.length > LONGEST) return { fen: null, why: "malformed" };
  if (text.endsWith("+") && readAmount(text.slice(0, -1)).fen !== null) return { fen: null, why: "unfinished" };
  const terms = text.split("+").map(termFen);
  if (terms.includes(null)) return { fen: null, why: "malformed" };
  const fen = terms.reduce((sum, term) => sum + term, 0);
  if (fen > MOST_FEN) return { fen: null, why: "too_much" };
  return fen === 0 ? { fen: null, why: "empty" } : { fen, why: null };
}

// The text after one more key: a digit, "00", ".", "+" or "back". A key that makes no sense does nothing.
export function typed(text, key) {
  if (key === "back") return text.slice(0, -1);
  const longer = text + key;
  if (longer.length > LONGEST) return text;
  if (key === "+") return readAmount(text).fen === null ? text : longer;
  const term = longer.slice(longer.lastIndexOf("+") + 1);
  return term === "." || TERM.test(term) ? longer.replace(/(^|\+)0+(?=\d)/g, "$1") : text;
}

// What stands between the display's commas while a sum is typed; plain amounts stay as they are typed.
export const isSum = (text) => text.includes("+");
