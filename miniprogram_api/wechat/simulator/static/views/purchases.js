// What was paid for, one by one: its lines, its points, what went back; and the shop's own refund.
import { settle } from "../cashier.js";
import { h, icon } from "../dom.js";
import { need, paged } from "../mall.js";
import { go, redraw, w } from "../state.js";
import { button, card, closeSheet, empty, field, minute, number, say, sheet, yuan } from "../ui.js";
import { strings } from "../wire.js";
import { reckoning } from "./reckoning.js";

const REFUND_SHOWS = 1500; // milliseconds until the shop has heard of a refund

export async function purchases() {
  const list = h("div");
  const more = h("div");
  await paged("/purchases", row, list, more, (load) => button(w().more, load, "plain"));
  return list.children.length ? [list, more] : [empty("pay", w().noPurchases, w().noPurchasesMore)];
}

const mark = (one) => h("span", { class: `chip status ${one.status}` }, one.refunded_fen ? w().refundedOf(yuan(one.refunded_fen)) : w().purchaseStates[one.status]);

function row(one) {
  return h("button", { class: "card order", onclick: () => go(`purchase/${one.purchase_no}`) },
    h("span", { class: "order-top" }, h("span", { class: "soft" }, `${minute(one.paid_at ?? one.placed_at)} · ${w().sources[one.source] ?? one.source}`), mark(one)),
    h("span", { class: "order-body" }, icon("pay"), h("span", { class: "stack" }, h("b", {}, one.title), h("span", { class: "soft" }, one.store ?? w().purposes[one.purpose])),
      h("span", { class: "right" }, h("b", {}, yuan(one.total_fen)), one.points_earned ? h("span", { class: "plus small" }, w().earned(number(one.points_earned))) : null)));
}

export async function purchase(purchaseNo) {
  const one = await need("GET", `/purchases/${encodeURIComponent(purchaseNo)}`);
  if (!one) return [];
  const waits = one.status === "awaiting_payment";
  const isRefundable = one.status === "paid" && one.source === "wechat_pay" && one.payable_fen > 0 && one.refunded_fen < one.total_fen;
  return [
    h("div", { class: `order-head ${waits ? "awaiting_payment" : one.status === "closed" ? "cancelled" : "placed"}` }, h("b", {}, `${w().purchaseStates[one.status]} ${yuan(one.total_fen)}`),
      h("span", {}, waits ? w().payBefore(minute(one.pay_by)) : one.points_earned ? w().earned(number(one.points_earned)) : w().purposes[one.purpose])),
    one.lines.length ? card("rows", ...one.lines.map(line)) : null,
    card("rows", ...figures(one)),
    one.refunds.length ? card("rows", ...one.refunds.map(refund)) : null,
    card("", h("header", {}, h("h2", {}, w().why)), reckoning(one.explanation)),
    waits ? button(w().payAgain, () => settle(one), "hot") : null,
    waits ? button(w().cancelPurchase, () => cancel(one), "plain") : null,
    isRefundable ? button(w().merchantRefund, () => askToRefund(one), "plain") : null,
  ];
}

const fact = (label, value, more = "") => h("div", { class: "row" }, h("span", { class: "soft" }, label), h("span", { class: more }, value));

function line(one) {
  return h("div", { class: "row" }, h("span", { class: "stack" }, h("b", {}, one.title), h("span", { class: "soft" }, `× ${one.quantity}${one.refunded_fen ? ` · ${w().refundedOf(yuan(one.refunded_fen))}` : ""}`)),
    h("span", { class: "stack" }, h("b", {}, yuan(one.payable_fen)), one.payable_fen < one.amount_fen ? h("s", { class: "soft" }, yuan(one.amount_fen)) : null));
}

function figures(one) {
  return [
    fact(w().gross, yuan(one.gross_fen)),
    one.discount_fen ? fact(w().offCoupons, `−${yuan(one.discount_fen)}`) : null,
    one.points_fen ? fact(w().pointsPaid, `${number(one.points_used)} · −${yuan(one.points_fen)}`) : null,
    one.wallet_fen ? fact(w().walletPaid, `−${yuan(one.wallet_fen)}`) : null,
    fact(w().cashPaid, yuan(one.payable_fen)),
    one.points_earned ? fact(w().pointsEarned, `+${number(one.points_earned)}`, "plus") : null,
    one.cashback_fen ? fact(w().cashback, yuan(one.cashback_fen)) : null,
    one.store ? fact(w().store, one.store) : null,
    fact(w().purchaseNo, one.purchase_no, "mono"),
    fact(w().placedOn, minute(one.placed_at)),
    one.paid_at ? fact(w().paidOn, minute(one.paid_at)) : null,
    one.close_reason ? fact(w().reason, w().closeReasons[one.close_reason] ?? one.close_reason) : null,
  ].filter(Boolean);
}

function refund(one) {
  const took = [one.points_taken_back && w().tookBack(number(one.points_taken_back)), one.points_returned && w().gaveBack(number(one.points_returned)), one.wallet_returned_fen && w().walletBack(yuan(one.wallet_returned_fen))];
  return h("div", { class: "row" }, h("span", { class: "stack" }, h("b", {}, w().refundedOf(yuan(one.refund_fen))), h("span", { class: "soft" }, took.filter(Boolean).join(" · "))), h("span", { class: "soft" }, minute(one.refunded_at)));
}

async function cancel(one) {
  const done = await need("POST", `/purchases/${one.purchase_no}/cancel`, { moves: true });
  if (done) say(w().purchaseCancelled);
  await redraw();
}

// The shop's clerk at WeChat's merchant console; the phone only borrows the chair.
function askToRefund(one) {
  const left = one.payable_fen - Math.min(one.payable_fen, one.refunded_fen);
  const input = field(w().refundAsk, { value: (left / 100).toFixed(2), inputmode: "decimal", maxlength: 9 });
  sheet(h("h2", {}, w().merchantRefund), h("p", { class: "soft" }, w().refundMore), input, button(w().refundDo, async () => {
    const fen = Math.round(Number(input.querySelector("input").value) * 100);
    try {
      await strings("POST", "refunds", { out_trade_no: one.purchase_no, amount_fen: fen });
      say(w().refundAsked);
    } catch (error) {
      say(error.message);
    }
    closeSheet();
    setTimeout(redraw, REFUND_SHOWS);
  }, "danger"), button(w().cancel, closeSheet, "plain"));
}
