// Handing the till to the next: what was sold, refunded and handed over since the shift began.

import { readAmount } from "../amount.js";
import { field, h, row } from "../dom.js";
import { overLine } from "../line.js";
import { number, stampOf, yuan } from "../money.js";
import { printShift } from "../receipt.js";
import { state } from "../state.js";
import { sentenceOf } from "../troubles.js";
import { w } from "../words.js";
import { get, post } from "../wire.js";
import { form, show } from "./dialog.js";

const rowsOf = (shift) => [
  [w.receipt.till, shift.till],
  [w.cashier, shift.cashier],
  [w.shiftOpened, shift.opened_at ? stampOf(shift.opened_at) : "—"],
  [w.shiftSales, `${w.count(number(shift.sales.count))} · ${yuan(shift.sales.gross_fen)}`],
  shift.sales.discount_fen > 0 && [w.shiftDiscounts, yuan(-shift.sales.discount_fen)],
  ...shift.tenders.map(({ tender, count, fen }) => [w.tender[tender] ?? tender, `${w.count(number(count))} · ${yuan(fen)}`]),
  [w.shiftRefunds, `${w.count(number(shift.refunds.count))} · ${yuan(shift.refunds.value_fen)}`],
  [w.shiftPoints, `${number(shift.points.earned)} / ${number(shift.points.spent)}`],
  [w.shiftPickUps, w.count(number(shift.pickups.confirmed - shift.pickups.undone))],
  [w.expected, yuan(shift.cash_in_drawer_fen)],
].filter(Boolean);

const table = (rows) => h("section", { class: "box", id: "shift" },
  rows.map(([name, value]) => row(name, value)));

export async function openShift() {
  const window = show(w.shiftTitle, h("p", {}, w.quoting), { id: "shift-window" });
  try {
    const shift = await overLine(() => get("/pos/shifts/current"));
    window.replace(table(rowsOf(shift)), shift.shift_id && closing(window));
  } catch (error) {
    window.replace(h("p", { class: "trouble bad" }, sentenceOf(error)));
  }
}

// The cash is counted here and not sent: the report says what the drawer should hold.
function closing(window) {
  const key = crypto.randomUUID();
  return form([
    state.waiting > 0 && h("p", { class: "note" }, w.waiting(state.waiting)),
    field(w.counted, h("input", { name: "counted", class: "digits", inputmode: "decimal", autocomplete: "off", maxlength: 12 })),
  ], w.closeShift, async ({ counted: text }) => {
    const { fen, why } = readAmount(text);
    if (fen === null && why !== "empty") throw new Error(w.amountWhy[why]);
    const cash = text.trim() === "" ? null : fen ?? 0;
    closed(window, await overLine(() => post("/pos/shifts/close", {}, { key })), cash);
  }, { id: "close-shift", sentenceOf });
}

function closed(window, shift, cash) {
  const rows = rowsOf(shift);
  if (cash !== null) rows.push([w.counted, yuan(cash)], [w.difference, yuan(cash - shift.cash_in_drawer_fen)]);
  window.replace(h("p", { class: "trouble good", role: "status", id: "shift-closed" }, w.shiftClosed), table(rows));
  printShift(rows);
}
