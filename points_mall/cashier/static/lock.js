// The till locks itself when nobody was there for a while. The server holds the lock, so that nothing is told
// or done behind it; here it is shown, and the PIN is asked for. While the line is down there is nothing to
// guard: the till only earns, and the server asks for the PIN before it takes what waits.

import { form, show } from "./dialogs/dialog.js";
import { button, field, h, icon } from "./dom.js";
import { overLine } from "./line.js";
import { isPin, proofOf } from "./pins.js";
import { change, onChange, state } from "./state.js";
import { sentenceOf } from "./troubles.js";
import { w } from "./words.js";
import { Away, post, whenLocked } from "./wire.js";

const LOOK_EVERY_MS = 5000;
let asking = null;
let shown = null;
let touchedAt = Date.now();

async function tell(secret) {
  try {
    await overLine(() => post("/staff/sessions/current/unlock", proofOf(secret.value)));
    shown.close();
  } catch (error) {
    secret.value = "";
    secret.focus();
    throw error.code === "sign_in_refused" ? new Error(w.pinWrong) : error;
  }
}

// By PIN on the keys of digits; a password needs the others.
function secretField(hasPin) {
  const secret = h("input", { name: "secret", type: "password", class: "digits", autocomplete: "off", maxlength: 128, required: true, autofocus: true, inputmode: hasPin ? "numeric" : "text" });
  const other = hasPin && button(w.usePassword, () => {
    secret.inputMode = "text";
    other.remove();
    secret.focus();
  }, { class: "soft", id: "use-password" });
  secret.addEventListener("input", () => { if (secret.inputMode === "numeric" && isPin(secret.value)) secret.form.requestSubmit(); });
  return { secret, other };
}

function ask(leave) {
  return new Promise((resolve, reject) => {
    const hasPin = state.lock?.has_pin ?? false;
    const { secret, other } = secretField(hasPin);
    const asked = form([
      h("p", { class: "soft-text" }, icon("lock"), w.lockedMore(state.staff?.name ?? "")),
      field(hasPin ? w.pin : w.password, secret),
    ], w.unlock, () => tell(secret), { id: "lock", sentenceOf });
    const ends = h("div", { class: "ways ends" }, other, button(w.signOut, leave, { class: "soft", id: "lock-sign-out" }));
    const over = () => (state.online ? resolve() : reject(new Away("locked while the line went down")));
    shown = show(w.locked, [asked, ends], { id: "lock-window", bound: true, onScan: () => {}, onClose: over });
  });
}

// Keeps the till locked until whoever is signed in has shown that they are there; Away: the line went down.
export function keepLocked(leave) {
  asking ??= ask(leave).finally(() => {
    asking = null;
    touchedAt = Date.now();
  });
  return asking;
}

const idleMs = () => Date.now() - touchedAt;

function look(leave) {
  const after = (state.lock?.after_seconds ?? 0) * 1000;
  if (after > 0 && state.online && state.ready && idleMs() >= after) keepLocked(leave).catch(() => {});
}

// `leave` signs out, for who takes over from another.
export function watchIdleness(leave) {
  for (const kind of ["keydown", "pointerdown"]) {
    window.addEventListener(kind, () => { if (!asking) touchedAt = Date.now(); }, { capture: true, passive: true });
  }
  whenLocked(() => keepLocked(leave));
  onChange(() => { if (asking && !state.online) shown.close(); });
  setInterval(look, LOOK_EVERY_MS, leave);
}

export const hasPinNow = () => change({ lock: { ...state.lock, has_pin: true } });
