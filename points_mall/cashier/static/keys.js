// The keyboard: a scanner gun, or a cashier's hand. Nothing here looks at `key`, which input methods change.

import { Burst, characterOf, endsScan, pastedScan } from "./scanner.js";
import { isOpen, offerScan } from "./dialogs/dialog.js";
import { beforeScan, clear, confirm, nextCoupon, pasteAmount, pressed, scanned, takeBack, togglePoints, toggleWallet } from "./sale.js";
import { change, state } from "./state.js";

const burst = new Burst();
const bound = { F4: togglePoints, F6: toggleWallet, ArrowUp: () => nextCoupon(-1), ArrowDown: () => nextCoupon(1), Escape: clear, Backspace: () => pressed("back") };

export const bind = (code, act) => { bound[code] = act; };

const isField = (element) => element?.matches?.("input, textarea, select") ?? false;

// What was there before the first key of what may become a scan.
function snapshot() {
  const element = document.activeElement;
  const note = { sale: beforeScan(), element: null };
  return isField(element) ? { ...note, element, value: element.value, start: element.selectionStart } : note;
}

function restore({ sale, element, value, start }) {
  takeBack(sale);
  if (!element) return;
  element.blur(); // ends what an input method was composing
  element.value = value;
  element.focus();
  if (start !== null && element.setSelectionRange && /^(text|search|tel|password|textarea)$/.test(element.type)) element.setSelectionRange(start, start);
}

function amountKey({ code, shiftKey }) {
  if (code === "NumpadAdd" || (code === "Equal" && shiftKey)) return "+";
  const character = characterOf(code, shiftKey);
  return character !== null && /[\d.]/.test(character) ? character : null;
}

// A button reached with Tab is pressed by Enter; one that was clicked leaves Enter to the sale.
const isChosenButton = () => document.activeElement?.matches("button:focus-visible, a:focus-visible") ?? false;

function take(text) {
  if (!offerScan(text)) scanned(text);
}

function pressedKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const character = characterOf(event.code, event.shiftKey);
  if (character !== null && !event.repeat) burst.press(character, event.timeStamp, snapshot());
  const scan = endsScan(event.code) ? burst.finish(event.timeStamp) : null;
  if (scan) {
    event.preventDefault();
    event.stopImmediatePropagation();
    restore(scan.note);
    take(scan.text);
    return;
  }
  if (!isOpen() && !isField(event.target)) act(event);
}

function act(event) {
  const key = amountKey(event);
  const isEnter = event.code === "Enter" || event.code === "NumpadEnter";
  const endsTick = state.done !== null && (isEnter || event.code === "Escape");
  if (state.done) change({ done: null });
  if (endsTick || (isEnter && event.repeat)) return event.preventDefault(); // a key held down sells once
  if (key === null && !isEnter && !(event.code in bound)) return undefined;
  if (isEnter && isChosenButton()) return undefined;
  event.preventDefault();
  if (key !== null) return pressed(key);
  return isEnter ? confirm() : bound[event.code]();
}

function pasted(event) {
  const text = event.clipboardData?.getData("text") ?? "";
  if (isField(event.target) || isOpen()) return;
  event.preventDefault();
  const scan = pastedScan(text);
  if (scan) take(scan);
  else pasteAmount(text);
}

export function listen() {
  window.addEventListener("keydown", pressedKey, { capture: true });
  window.addEventListener("paste", pasted);
  window.addEventListener("click", (event) => event.target.closest?.("button")?.blur());
}
