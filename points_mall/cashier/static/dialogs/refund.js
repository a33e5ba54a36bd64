// A refund: which sale, then how much of it; above the limit with a manager's word.

import { button, field, h, row } from "../dom.js";
import { overLine } from "../line.js";
import { stampOf, yuan } from "../money.js";
import { state } from "../state.js";
import { sentenceOf } from "../troubles.js";
import { w } from "../words.js";
import { get } from "../wire.js";
import { form, show } from "./dialog.js";
import { howMuch } from "./refund_how.js";

const MOST_SHOWN = 20;
const NUMBERS = [["receipt_code", /^89\d{18}$/], ["sale_no", /^[0-9A-Z]{4,32}$/], ["receipt_no", /^[0-9A-Za-z_.-]{1,36}$/]];

export function openRefund(saleNo) {
  const window = show(w.refundTitle, [], { id: "refund-window", wide: true, onScan: (text) => look(text).catch((error) => window.body.querySelector("form")?.say(sentenceOf(error))) });
  const find = (question) => overLine(() => get(`/pos/sales?${new URLSearchParams(question)}`));

  async function look(text) {
    const digits = text.trim();
    for (const [name, spelling] of NUMBERS) {
      if (!spelling.test(digits)) continue;
      const { items } = await find({ [name]: digits });
      if (items.length > 0) return items.length === 1 ? choose(items[0]) : window.replace(ask(), list(items));
    }
    throw new Error(w.noSales);
  }

  const ask = () => form([
    field(w.refundFind, h("input", { name: "number", autocomplete: "off", maxlength: 64, autofocus: true })),
  ], w.search, ({ number: text }) => look(text), { id: "refund-find", sentenceOf });

  const list = (items) => h("div", { class: "choices" }, items.map((sale) =>
    button([h("b", {}, yuan(sale.payable_fen)), h("span", {}, `${stampOf(sale.sold_at)} · ${sale.sale_no}`), h("span", { class: "soft-text" }, sale.is_refundable ? w.refundable(yuan(sale.refundable_fen)) : w.whole)],
      () => choose(sale), { class: "choice", disabled: !sale.is_refundable })));

  async function begin() {
    window.replace(ask());
    if (saleNo) return look(saleNo).catch((error) => window.body.querySelector("form").say(sentenceOf(error)));
    const scan = state.customer?.scan_id;
    const { items } = await find(scan ? { member: scan } : {}).catch(() => ({ items: [] }));
    if (items.length > 0) window.body.append(h("h3", {}, scan ? w.recent : w.recentHere), list(items.slice(0, MOST_SHOWN)));
    return undefined;
  }

  function choose(sale) {
    window.replace(about(sale), sale.is_refundable && howMuch(sale, window));
  }

  begin();
}

const about = (sale) => h("section", { class: "box two" },
  row(w.sale, sale.sale_no), row(w.receipt.time, stampOf(sale.sold_at)), row(w.member, sale.member?.name_masked ?? w.noMember),
  row(w.spend, yuan(sale.gross_fen)), row(w.paid, yuan(sale.payable_fen)), sale.refunded_fen > 0 && row(w.refundTitle, w.refundedBefore(yuan(sale.refunded_fen))));
