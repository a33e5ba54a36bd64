// The left panel: who buys, what they have, and their coupons; or where to begin.

import { button, h, icon, kbd, view } from "../dom.js";
import { dayOf, daysSince, number, yuan } from "../money.js";
import { couponsOf, mayChoose, tapped } from "../coupons.js";
import { choose, togglePoints, toggleWallet } from "../sale.js";
import { w } from "../words.js";

const row = (name, ...value) => named("", name, ...value);
const named = (kind, name, ...value) => h("div", { class: `row ${kind}` }, h("span", {}, name), h("span", { class: "value" }, ...value));

function waiting(state, acts) {
  return [
    h("div", { class: "invite" },
      h("div", { class: "target" }, icon("scan")), h("h2", {}, w.scanHere), h("p", {}, w.scanMore),
      h("div", { class: "ways" },
        button([icon("camera"), w.camera], acts.camera, { class: "soft", id: "camera" }),
        button([icon("phone"), w.lookUp, kbd("F2")], acts.member, { class: "soft" }))),
    state.last && lastSale(state.last, acts),
  ];
}

const lastSale = (last, acts) => h("section", { class: "last", id: "last-sale" },
  h("h3", {}, w.lastSale),
  h("div", { class: "row" }, h("span", {}, last.sale_no ?? last.receipt_no), h("b", {}, yuan(last.payable_fen))),
  last.points_earned ? h("p", { class: "soft-text" }, w.earned(number(last.points_earned))) : null,
  h("div", { class: "ways" },
    button([icon("print"), w.print], acts.print, { class: "soft", id: "print-last" }),
    last.sale_no && button([icon("refund"), w.refundTitle], () => acts.refund(last.sale_no), { class: "soft" })));

function head({ member, kind }) {
  if (!member) return h("div", { class: "person" }, h("div", { class: "face" }, icon("cloud")), h("div", { class: "name" }, h("b", {}, w.offlineMember), h("small", {}, kind === "offline" ? w.offlineEarn : "")));
  const { next } = member.tier;
  return h("div", { class: "person" },
    h("div", { class: "face", "aria-hidden": "true" }, [...member.name_masked][0] ?? "·"),
    h("div", { class: "name" },
      h("div", {}, h("b", {}, member.name_masked), h("span", { class: `tier ${member.tier.code}` }, tierText(member.tier))),
      h("small", {}, [member.phone_masked, next && w.nextTier(next.name, needs(next))].filter(Boolean).join(" · "))));
}

const short = (fen) => yuan(fen).replace(".00", "");

const needs = ({ basis, needs: more }) => (basis === "amount" ? short(more) : w.growth[basis]?.(number(more)) ?? number(more));

const tierText = (tier) => (tier.discount_bp > 0 ? `${tier.name} ${w.off(tier.discount_bp)}` : tier.name);

function balances(state, acts) {
  const { member, spends } = state.customer;
  const using = state.usePoints !== false;
  return [
    row(w.points, h("b", {}, number(member.points.available)), h("small", {}, w.worth(yuan(member.points.worth_fen))),
      spends && member.points.available > 0 && button(w.useAll, togglePoints, { class: "switch", id: "use-points", "aria-pressed": String(using) }),
      spends && member.points.available > 0 && button("…", acts.somePoints, { class: "switch some", id: "some-points", title: w.useSome, "aria-label": w.useSome })),
    row(w.balance, h("b", {}, yuan(member.balance_fen)),
      spends && member.balance_fen > 0 && button(w.useWallet, toggleWallet, { class: "switch", id: "use-wallet", "aria-pressed": String(state.useWallet) })),
    named("visit", w.lastVisit, member.last_visit ? `${w.daysAgo(daysSince(member.last_visit.at))} · ${yuan(member.last_visit.total_fen)}` : w.never),
  ];
}

const valueOf = (one) => (one.amount_fen > 0 ? short(-one.amount_fen) : one.off_bp > 0 ? w.off(one.off_bp) : "");

const whyNot = (reason) => (reason?.missing_fen > 0 ? w.missing(yuan(reason.missing_fen)) : reason?.text ?? "");

function coupon(one, state) {
  const present = state.quote?.coupon_ids ?? state.couponIds ?? [];
  const chosen = present.includes(one.code);
  return button([
    h("span", { class: "row" }, h("b", {}, one.title), h("b", {}, valueOf(one))),
    h("small", {}, one.usable || chosen ? w.until(dayOf(one.valid_until)) : mayChoose(one) ? w.instead : whyNot(one.reason)),
  ], () => choose({ couponIds: tapped(one, present) }), { class: "coupon", disabled: !mayChoose(one), "aria-pressed": String(chosen), "data-coupon": one.code });
}

function coupons(state) {
  const all = [...couponsOf(state)].sort((one, other) => Number(mayChoose(other)) - Number(mayChoose(one)));
  if (all.length === 0) return h("p", { class: "soft-text" }, w.noCoupons);
  const usable = all.filter(mayChoose).length;
  return [
    h("div", { class: "row coupon-head" }, h("span", {}, w.coupons(usable)),
      usable > 0 && button(w.best, () => choose({ couponIds: null }), { class: "switch", id: "best", "aria-pressed": String(state.couponIds === null) })),
    h("div", { class: "coupons" }, all.map((one) => coupon(one, state))),
  ];
}

function customer(state, acts) {
  const { customer: present } = state;
  return [
    h("div", { class: "row panel-head" }, h("h2", {}, w.member),
      button([icon("close"), h("span", { class: "hidden-text" }, w.removeMember)], acts.removeMember, { class: "bare", id: "remove-member" })),
    head(present),
    !present.spends && present.member && h("p", { class: "note", id: "earn-only" }, w.earnOnly),
    present.member && balances(state, acts),
    present.member && present.spends && h("hr", {}),
    present.member && present.spends && coupons(state),
  ];
}

export const memberView = (element, acts) => view(element,
  (state) => [state.customer, state.quote, state.usePoints, state.useWallet, state.couponIds, state.last],
  (state) => (state.customer ? customer(state, acts) : waiting(state, acts)));
