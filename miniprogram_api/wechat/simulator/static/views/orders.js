// My orders, and one of them: its code for the counter, its way so far.
import { buy } from "../cashier.js";
import { h, icon } from "../dom.js";
import { need, paged } from "../mall.js";
import { go, redraw, w } from "../state.js";
import { button, card, closeSheet, empty, minute, pickupCode, price, say, sheet, yuan } from "../ui.js";

const PATHS = { pickup: ["placed", "ready", "collected"], delivery: ["placed", "shipped", "received"] };

export async function orders() {
  const list = h("div");
  const more = h("div");
  await paged("/redemptions", row, list, more, (load) => button(w().more, load, "plain"));
  return list.children.length ? [list, more] : [empty("orders", w().noOrders, w().noOrdersMore)];
}

const mark = (status) => h("span", { class: `chip status ${status}` }, w().orderStates[status]);

function row(order) {
  return h("button", { class: "card order", onclick: () => go(`order/${order.order_no}`) },
    h("span", { class: "order-top" }, h("span", { class: "soft" }, minute(order.placed_at)), mark(order.status)),
    h("span", { class: "order-body" }, icon(order.fulfilment === "pickup" ? "store" : "truck"), h("span", { class: "stack" }, h("b", {}, order.title), h("span", { class: "soft" }, `× ${order.quantity}`)), price(order.points, order.cash_fen)));
}

export async function order(orderNo) {
  const found = await need("GET", `/redemptions/${encodeURIComponent(orderNo)}`);
  if (!found) return [];
  const waits = ["placed", "ready"].includes(found.status);
  return [
    h("div", { class: `order-head ${found.status}` }, h("b", {}, w().orderStates[found.status]), h("span", {}, found.pay_by && found.status === "awaiting_payment" ? w().payBy(minute(found.pay_by)) : w().orderHints[found.status])),
    found.pickup_code && waits ? card("", pickupCode(found.pickup_code)) : null,
    found.status === "cancelled" || found.status === "awaiting_payment" ? null : card("", timeline(found)),
    card("", h("div", { class: "basket flat" }, h("span", { class: "stack" }, h("b", {}, found.title), h("span", { class: "soft" }, `× ${found.quantity}`)), price(found.points, found.cash_fen))),
    found.delivery ? card("where", h("p", { class: "form-title" }, icon("truck"), `${found.delivery.name}　${found.delivery.phone}`), h("p", { class: "soft" }, `${found.delivery.region} ${found.delivery.detail}`)) : null,
    card("rows", fact(w().orderNo, found.order_no), fact(w().placedAt, minute(found.placed_at)), fact(w().changedAt, minute(found.changed_at)),
      found.tracking_no && fact(w().tracking, `${found.carrier ?? ""} ${found.tracking_no}`), found.cancel_reason && fact(w().reason, w().cancelReasons[found.cancel_reason] ?? found.cancel_reason)),
    found.status === "awaiting_payment" ? button(w().payCash(yuan(found.cash_fen)), () => buy({ order_no: found.order_no }), "hot") : null,
    found.can_cancel ? button(w().cancelOrder, () => askToCancel(found), "plain") : null,
  ];
}

const fact = (label, value) => h("div", { class: "row" }, h("span", { class: "soft" }, label), h("span", { class: "mono" }, value));

function timeline(found) {
  const path = PATHS[found.fulfilment];
  const reached = Math.max(0, path.indexOf(found.status));
  return h("ol", { class: "timeline" }, ...path.map((status, place) =>
    h("li", { class: place <= reached ? "on" : "" }, h("span", { class: "dot" }), h("b", {}, w().orderStates[status]), h("small", {}, place === reached ? minute(found.changed_at) : ""))));
}

function askToCancel(found) {
  sheet(h("h2", {}, w().cancelAsk), h("p", { class: "soft" }, w().cancelMore),
    button(w().cancelOrder, async () => {
      const done = await need("POST", `/redemptions/${found.order_no}/cancel`, { moves: true });
      closeSheet();
      if (done) say(w().cancelled);
      await redraw();
    }, "danger"), button(w().cancel, closeSheet, "plain"));
}
