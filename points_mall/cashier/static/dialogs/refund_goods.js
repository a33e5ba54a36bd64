// Choosing the goods that come back: a tap takes all that are left of a line, − and + some of them.

import { button, h } from "../dom.js";
import { yuan } from "../money.js";
import { w } from "../words.js";

const nameOf = ({ title, quantity }) => (quantity > 1 ? `${title} × ${quantity}` : title);

// Whether a sale tells of goods: one line of one thing says no more than the amount does.
export const hasGoods = (sale) => sale.lines.length > 1 || sale.lines.some((line) => line.quantity > 1);

// What of a line went back, as a row says it.
export const goodsBack = (line) => (line.quantity > 0 ? nameOf(line) : line.title);

function lineOf(line, chosen, changed) {
  const most = line.refundable_quantity;
  const many = h("output", {}, "0");
  const tick = button([h("b", {}, nameOf(line)), h("span", { class: "soft-text" }, most > 0 ? w.goodsLeft(most, yuan(line.refundable_fen)) : w.whole)],
    () => take(chosen.has(line.line_no) ? 0 : most), { class: "choice", role: "checkbox", "aria-checked": "false", disabled: most === 0 });
  function take(count) {
    if (count > 0) chosen.set(line.line_no, count);
    else chosen.delete(line.line_no);
    many.textContent = String(count);
    tick.setAttribute("aria-checked", String(count > 0));
    changed();
  }
  const step = (by) => take(Math.min(most, Math.max(0, (chosen.get(line.line_no) ?? 0) + by)));
  return h("div", { class: "good", "data-line": line.line_no }, tick,
    most > 1 && [button("−", () => step(-1), { class: "switch some", "aria-label": w.oneFewer }), many, button("+", () => step(1), { class: "switch some", "aria-label": w.oneMore })]);
}

// The lines of a sale to choose from; `asked()` is what was chosen. Each change is told.
export function chooseGoods(sale, changed) {
  const chosen = new Map();
  const element = h("div", { class: "choices", id: "goods", role: "group", "aria-label": w.byGoods }, sale.lines.map((line) => lineOf(line, chosen, changed)));
  return { element, asked: () => [...chosen].map(([line_no, quantity]) => ({ line_no, quantity })) };
}
