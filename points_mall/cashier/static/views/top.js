// The bar at the top: where, whether the line stands, who sells, and the keys.

import { button, h, icon, kbd, view } from "../dom.js";
import { w } from "../words.js";

const status = (state) => [
  h("i", { class: `dot ${state.online ? "up" : "down"}`, "aria-hidden": "true" }),
  h("span", { class: "status-text" }, `${state.online ? w.online : w.offline} · ${w.waiting(state.waiting)}`),
  state.conflicts > 0 && h("b", { class: "warn" }, w.conflicts(state.conflicts)),
];

const place = (state) => [state.shop, state.till?.store, state.till?.name].filter(Boolean).join(" · ");

export const topView = (element, acts) => view(element,
  (state) => [state.online, state.waiting, state.conflicts, state.staff, state.till, state.shop],
  (state) => [
    h("strong", { class: "place" }, place(state)),
    button(status(state), acts.queue, { class: "status", id: "line", "aria-live": "polite" }),
    h("span", { class: "gap" }),
    state.staff && h("span", { class: "who" }, `${w.cashier} ${state.staff.name}`),
    button([kbd("F2"), w.keys.member], acts.member, { class: "key", id: "key-member" }),
    button([kbd("F4"), w.keys.points], acts.points, { class: "key", id: "key-points" }),
    button([kbd("F8"), w.keys.refund], acts.refund, { class: "key", id: "key-refund" }),
    button([icon("menu"), h("span", { class: "hidden-text" }, w.more)], acts.menu, { class: "key menu", id: "menu" }),
  ]);
