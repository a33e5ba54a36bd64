// A refund: which sale, how much, what it will do, why; above the limit with a manager's word.

import { readAmount } from "../amount.js";
import { button, field, h } from "../dom.js";
import { overLine } from "../line.js";
import { number, plainYuan, stampOf, yuan } from "../money.js";
import { beep } from "../sounds.js";
import { state, change } from "../state.js";
import { sentenceOf, tellProblem } from "../troubles.js";
import { w } from "../words.js";
import { get, post } from "../wire.js";
import { form, show } from "./dialog.js";

const left = (sale) => sale.refundable_fen;
const row = (name, value, more = "") => h("div", { class: `row ${more}` }, h("span", {}, name), h("b", {}, value));

const MOST_SHOWN = 20;
const NUMBERS = [["receipt_code", /^89\d{18}$/], ["sale_no", /^[0-9A-Z]{4,32}$/], ["receipt_no", /^[0-9A-Za-z_.-]{1,36}$/]];

export function openRefund(saleNo) {
  const window = show(w.refundTitle, [], { id: "refund-window", wide: true, onScan: (text) => look(text).catch((error) => window.body.querySelector("form")?.say(sentenceOf(error))) });
  const find = (question) => overLine(() => get(`/pos/sales?${new URLSearchParams(question)}`));

  async function look(text) {
    const digits = text.trim();
    for (const [name, form] of NUMBERS) {
      if (!form.test(digits)) continue;
      const { items } = await find({ [name]: digits });
      if (items.length > 0) return items.length === 1 ? choose(items[0]) : list(items);
    }
    throw new Error(w.noSales);
  }

  const ask = () => form([
    field(w.refundFind, h("input", { name: "number", autocomplete: "off", maxlength: 64, autofocus: true })),
  ], w.search, ({ number: text }) => look(text), { id: "refund-find", sentenceOf });

  const list = (items) => h("div", { class: "choices" }, items.map((sale) =>
    button([h("b", {}, yuan(sale.payable_fen)), h("span", {}, `${stampOf(sale.sold_at)} · ${sale.sale_no}`), h("span", { class: "soft-text" }, left(sale) > 0 ? w.refundable(yuan(left(sale))) : w.whole)],
      () => choose(sale), { class: "choice", disabled: left(sale) <= 0 })));

  async function begin() {
    window.replace(ask());
    if (saleNo) return look(saleNo).catch((error) => window.body.querySelector("form").say(sentenceOf(error)));
    const scan = state.customer?.scan_id;
    const { items } = await find(scan ? { member: scan } : {}).catch(() => ({ items: [] }));
    if (items.length > 0) window.body.append(h("h3", {}, scan ? w.recent : w.recentHere), list(items.slice(0, MOST_SHOWN)));
    return undefined;
  }

  function choose(sale) {
    window.replace(about(sale), left(sale) > 0 && howMuch(sale, { window, begin }));
  }

  begin();
}

const about = (sale) => h("section", { class: "box two" },
  row(w.sale, sale.sale_no), row(w.receipt.time, stampOf(sale.sold_at)), row(w.member, sale.member?.name_masked ?? w.noMember),
  row(w.spend, yuan(sale.gross_fen)), row(w.paid, yuan(sale.payable_fen)), sale.refunded_fen > 0 && row(w.refundTitle, w.refundedBefore(yuan(sale.refunded_fen))));

// The second step: amount and reason, with what it will do shown while typing.
function howMuch(sale, { window }) {
  const consequences = h("div", { class: "box", id: "preview", "aria-live": "polite" });
  const amount = h("input", { name: "amount", class: "digits", inputmode: "decimal", autocomplete: "off", value: plainYuan(left(sale)), maxlength: 12, autofocus: true });
  const reason = h("input", { name: "reason", maxlength: 80, autocomplete: "off", id: "refund-reason" });
  const path = `/pos/sales/${sale.sale_no}/refunds`;
  const key = crypto.randomUUID();
  let turn = 0;
  const preview = async () => {
    const mine = ++turn;
    const { fen, why } = readAmount(amount.value);
    if (fen === null) return consequences.replaceChildren(w.amountWhy[why]);
    try {
      const answer = await overLine(() => post(path, { amount_fen: fen, reason: reason.value || "-", dry_run: true }));
      if (mine === turn) consequences.replaceChildren(h("h3", {}, w.preview), ...told(answer));
    } catch (error) {
      if (mine === turn) consequences.replaceChildren(sentenceOf(error));
    }
    return undefined;
  };
  const asked = form([
    field(w.refundAmount, amount), consequences, field(w.reason, reason),
    h("div", { class: "ways" }, w.reasons.map((text) => button(text, () => { reason.value = text; }, { class: "soft" }))),
  ], w.refundNow, (values) => refund(values), { id: "refund", sentenceOf, tone: "danger" });
  async function refund({ amount: text, reason: why }, approvalId) {
    const { fen, why: wrong } = readAmount(text);
    if (fen === null) throw new Error(w.amountWhy[wrong]);
    if (!why.trim()) throw new Error(w.reasonNeeded);
    const body = { amount_fen: fen, reason: why.trim() };
    if (approvalId) body.approval_id = approvalId;
    try {
      done(await overLine(() => post(path, body, { key: approvalId ? `${key}-a` : key })));
    } catch (error) {
      const wanted = { act: "refund", subject: sale.sale_no, amount_fen: fen };
      await tellProblem(error, asked.say, { asked: wanted, again: (approval) => refund({ amount: text, reason: why }, approval) });
    }
  }
  function done(answer) {
    beep("done");
    change({ trouble: { text: w.refunded(yuan(answer.refund_fen)), tone: "good" } });
    window.replace(h("section", { class: "box good", id: "refunded" }, h("h3", {}, w.refunded(yuan(answer.refund_fen))), ...told(answer)),
      button(w.close, window.close, { class: "confirm", autofocus: true }));
  }
  let settle = null;
  amount.addEventListener("input", () => {
    clearTimeout(settle);
    settle = setTimeout(preview, 150);
  });
  preview();
  return asked;
}

// Every consequence of a refund, those of nothing left out.
function told(answer) {
  const rows = [
    [w.backToCustomer, yuan(answer.refund_fen)],
    answer.cash_fen !== undefined && [w.backCash, yuan(answer.cash_fen)],
    answer.wallet_returned_fen > 0 && [w.backWallet, yuan(answer.wallet_returned_fen)],
    answer.points_taken_back > 0 && [w.takenBack, `−${number(answer.points_taken_back)}`],
    answer.points_debt > 0 && [w.debt, number(answer.points_debt)],
    answer.points_returned > 0 && [w.returned, `+${number(answer.points_returned)}`],
    answer.cashback_taken_back_fen > 0 && [w.cashbackBack, `−${yuan(answer.cashback_taken_back_fen)}`],
    ...(answer.coupons_restored ?? []).map(({ code }) => [w.couponBack, code]),
  ];
  return rows.filter(Boolean).map(([name, value]) => row(name, value));
}
