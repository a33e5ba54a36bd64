// Telling a scanner gun from a hand. A gun is a keyboard that types at least eight characters with a mean gap
// under 35 ms and ends with Enter or Tab. Keys are read by their place (`event.code`), so that a Chinese input
// method, which hides the letters (`key: "Process"`), changes nothing. Pure.

export const LEAST_LETTERS = 8;
export const MEAN_GAP_MS = 35;
export const LONGEST_GAP_MS = 100; // where a hand ends and the gun begins
const LONGEST = 512;
const PLACES = /^(?:Digit|Numpad)(\d)$/;
const LETTERS = /^Key([A-Z])$/;
const SIGNS = { Minus: "-", NumpadSubtract: "-", Slash: "/", Period: ".", NumpadDecimal: "." };

// The character of a key by its place; null: it types none.
export function characterOf(code, shift = false) {
  const digit = PLACES.exec(code);
  if (digit) return shift && code.startsWith("Digit") ? null : digit[1];
  return LETTERS.exec(code)?.[1] ?? SIGNS[code] ?? null;
}

export const endsScan = (code) => code === "Enter" || code === "NumpadEnter" || code === "Tab";

export class Burst {
  #keys = [];

  // `note` is whatever should be put back if this key turns out to begin a scan.
  press(character, at, note = null) {
    const last = this.#keys.at(-1);
    if (last && at - last.at > LONGEST_GAP_MS) this.#keys = [];
    this.#keys.push({ character, at, note });
    if (this.#keys.length > LONGEST) this.#keys.shift();
  }

  // At Enter or Tab: {text, note} of a scan, or null. Either way the next burst begins afresh.
  finish(at) {
    const keys = this.#keys;
    const meanGap = this.#meanGap();
    this.#keys = [];
    if (keys.length < LEAST_LETTERS || at - keys.at(-1).at > LONGEST_GAP_MS || meanGap >= MEAN_GAP_MS) return null;
    return { text: keys.map((key) => key.character).join(""), note: keys[0].note };
  }

  #meanGap() {
    const keys = this.#keys;
    return keys.length < 2 ? Infinity : (keys.at(-1).at - keys[0].at) / (keys.length - 1);
  }
}

// What was pasted, or read by the camera, as a scan: eight or more digits or capitals without a gap.
export function pastedScan(text) {
  const tight = text.normalize("NFKC").replace(/\s/g, "").toUpperCase();
  return /^[0-9A-Z-]{8,512}$/.test(tight) && /\d/.test(tight) ? tight : null;
}
