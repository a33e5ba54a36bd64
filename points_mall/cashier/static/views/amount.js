// The middle panel: the amount, and keys for a finger.

import { isSum, readAmount } from "../amount.js";
import { button, h, icon, view } from "../dom.js";
import { plainYuan } from "../money.js";
import { pressed } from "../sale.js";
import { w } from "../words.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", ".", "0", "back"];

const face = (key) => (key === "back" ? icon("back") : key);

const keypad = () => h("div", { class: "keypad" },
  KEYS.map((key) => button(face(key), () => pressed(key), { "data-key": key, "aria-label": key === "back" ? "⌫" : key })),
  button("+", () => pressed("+"), { "data-key": "+", class: "extra" }),
  button("00", () => { pressed("0"); pressed("0"); }, { "data-key": "00", class: "extra" }));

function shown({ amount }) {
  const { fen } = readAmount(amount);
  return [
    h("output", { class: amount ? "" : "empty", id: "amount-text" }, amount || "0.00"),
    isSum(amount) && fen !== null && h("small", { id: "amount-sum" }, `= ${plainYuan(fen)}`),
  ];
}

export function amountView(element) {
  const display = h("div", { class: "display" });
  element.replaceChildren(h("h2", {}, w.amountTitle), display, keypad());
  return view(display, (state) => [state.amount], shown);
}
