// The right panel: what it comes to, and the one big button.

import { readAmount } from "../amount.js";
import { button, h, icon, kbd, view } from "../dom.js";
import { number, signed, yuan } from "../money.js";
import { sellOffline } from "../offline.js";
import { prefer, preferences } from "../preferences.js";
import { confirm } from "../sale.js";
import { state as till } from "../state.js";
import { w } from "../words.js";

const LONG_FEN = 10_000_00; // from here on it is written smaller

const line = (name, value, more = "") => h("div", { class: `row ${more}` }, h("span", {}, name), h("span", { class: "value" }, value));

// What a step of the price is called; where the number behind it is known, with it.
function nameOf({ rule, label }, { quote, customer }) {
  if (rule === "gross") return w.spend;
  if (rule === "points_as_cash") return `${label} ${w.pointsOf(number(quote.points_spent))}`;
  const off = rule === "tier_discount" ? customer?.member?.tier.discount_bp ?? 0 : 0;
  return off > 0 ? `${label} ${w.off(off)}` : label;
}

function lines(state) {
  const { fen } = readAmount(state.amount);
  if (state.quote) return state.quote.lines.map((one) => line(nameOf(one, state), yuan(one.amount_fen), `rule-${one.rule}`));
  if (fen !== null) return line(w.spend, yuan(fen));
  return h("p", { class: "soft-text" }, w.enterAmount);
}

export function payable(state) {
  if (state.quote) return state.quote.payable_fen;
  return state.online ? null : readAmount(state.amount).fen;
}

function points(state) {
  if (!state.quote || !state.customer) return null;
  const { points_to_earn: earned, points_after: after } = state.quote;
  return [
    line(w.toEarn, h("b", { id: "to-earn" }, signed(earned)), "faint"),
    after === null || after === undefined ? null : line(w.after, h("b", {}, number(after)), "faint"),
  ];
}

function trouble(state) {
  if (!state.trouble) return null;
  const { text, tone, unsure } = state.trouble;
  const earnsOnly = (state.quote?.points_spent ?? 0) === 0 && (state.quote?.coupon_ids ?? []).length === 0 && !state.useWallet;
  return h("div", { class: `trouble ${tone}`, role: "alert", id: "trouble" }, icon("alert"), h("span", {}, text),
    unsure !== undefined && h("span", { class: "ways" },
      button(w.again, () => confirm(), { class: "soft", id: "again" }),
      earnsOnly && till.till?.has_key && button(w.keepOffline, () => sellOffline(unsure, till.attempt.number), { class: "soft", id: "keep-offline" })));
}

const figure = (state) => {
  const fen = payable(state);
  return h("div", { class: `total ${state.quoting || fen === null ? "stale" : ""}` }, h("b", {}, w.payable),
    h("output", { id: "payable", class: (fen ?? 0) >= LONG_FEN ? "long" : null, "data-quoted": String(!state.quoting && fen !== null) }, yuan(fen ?? 0)));
};

const TENDERS = ["cash", "wechat", "alipay", "card", "other"];

// How the rest is paid: the till does not take the money, the shift's report counts it.
const tenders = () => h("div", { class: "tenders", role: "radiogroup", "aria-label": w.paidBy }, TENDERS.map((tender) => {
  const element = button(w.tender[tender], () => {
    prefer("tender", tender);
    for (const other of element.parentElement.children) other.setAttribute("aria-checked", String(other === element));
  }, { role: "radio", "aria-checked": String(preferences.tender === tender), "data-tender": tender });
  return element;
}));

export const billView = (element) => view(element,
  (state) => [state.quote, state.quoting, state.amount, state.online, state.trouble, state.busy, state.customer, state.till],
  (state) => [
    h("div", { class: "lines", id: "lines" }, lines(state)),
    figure(state),
    h("div", { class: "points-lines" }, points(state)),
    !state.online && h("p", { class: "note", id: "offline-note" }, state.till?.has_key ? w.offlineEarn : w.offlineNoKey),
    h("span", { class: "gap" }),
    trouble(state),
    state.quote?.approval && h("p", { class: "note", id: "approval-note" }, w.approvalSoon),
    tenders(),
    button([w.confirm, h("span", { class: "in-button" }, yuan(payable(state) ?? 0)), kbd("Enter")], () => confirm(), { class: "confirm", id: "confirm", disabled: state.busy || !state.till || readAmount(state.amount).fen === null }),
  ]);
