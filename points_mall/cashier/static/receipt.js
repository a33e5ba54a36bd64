// Small paper, 58 or 80 mm: receipts and the shift's report. Drawn into the page and printed by the browser.

import { $, h } from "./dom.js";
import { drawn } from "./qr.js";
import { number, stampOf, yuan } from "./money.js";
import { preferences } from "./preferences.js";
import { state } from "./state.js";
import { w } from "./words.js";

const row = (name, value, more = "") => h("div", { class: `row ${more}` }, h("span", {}, name), h("span", {}, value));

const head = (title) => [
  h("h1", {}, state.shop), h("p", {}, title),
  row(w.receipt.till, state.till.name), row(w.receipt.cashier, state.staff.name),
];

// A sale without a member may be claimed later: its code as a picture.
function claim(code) {
  if (!code) return null;
  return [drawn(code), h("p", {}, code.replace(/(.{4})(?=.)/g, "$1 ")), h("p", {}, w.receipt.claim)];
}

function receipt(sale) {
  return [
    ...head(sale.offline ? w.receipt.offline : w.receipt.title),
    row(w.receipt.time, stampOf(sale.sold_at)), row(w.sale, sale.sale_no ?? sale.receipt_no),
    sale.member?.name_masked && row(w.member, sale.member.name_masked),
    h("hr", {}),
    (sale.lines ?? [{ rule: "gross", amount_fen: sale.payable_fen }]).map((line) => row(line.rule === "gross" ? w.spend : line.label, yuan(line.amount_fen))),
    h("hr", {}),
    row(w.payable, yuan(sale.payable_fen), "total"),
    sale.points_earned ? row(w.toEarn, number(sale.points_earned)) : null,
    sale.points_available === null || sale.points_available === undefined ? null : row(w.after, number(sale.points_available)),
    row(w.paidBy, w.tender[sale.tender] ?? ""),
    claim(sale.receipt_code), h("p", {}, w.receipt.thanks),
  ];
}

function print(children) {
  const paper = $("receipt");
  paper.className = `mm${preferences.paper}`;
  paper.replaceChildren(...children.flat(Infinity).filter(Boolean));
  window.print();
}

export const printReceipt = (sale) => print(receipt(sale));

export const printShift = (rows) => print([...head(w.receipt.closing), h("hr", {}), ...rows.map(([name, value]) => row(name, value))]);
