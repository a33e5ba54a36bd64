// One reward: choose, say where to, redeem.
import { h, icon } from "../dom.js";
import { need } from "../mall.js";
import { every, go, redraw, w } from "../state.js";
import { addressForm, button, card, chip, closeSheet, countdown, picture, price, say, sheet, yuan } from "../ui.js";

const MOST_AT_ONCE = 99;

export async function reward(id) {
  const found = await need("GET", `/rewards/${encodeURIComponent(id)}`);
  if (!found) return [];
  const choice = { variant: found.variants.find((one) => one.remaining > 0) ?? found.variants[0], quantity: 1 };
  const foot = h("div", { class: "buy" });
  const options = h("div", { class: "card options" });
  const clock = found.state === "upcoming" ? countdown(found.available_from) : null;
  const refresh = () => { options.replaceChildren(...optionsOf(found, choice, refresh)); foot.replaceChildren(...footOf(found, choice, clock)); };
  refresh();
  return {
    nodes: [picture(found, "large"), headline(found), options.children.length ? options : null, aboutCard(found), foot],
    live: () => clock && every(1000, () => clock.tick() === 0 && redraw()),
  };
}

function headline(found) {
  const facts = [chip(w().fulfilments[found.fulfilment]), found.is_stocked && found.fulfilment === "pickup" && chip(w().waits),
    found.allowance && chip(w().allowance(found.allowance), "warn"), found.min_tier && chip(w().tierOnly(found.min_tier.name), "gold"), !found.is_cancellable && chip(w().noReturn, "warn")];
  return card("headline", price(found.points, found.cash_fen), h("h2", {}, found.title), found.summary && h("p", { class: "soft" }, found.summary), h("div", { class: "chips" }, ...facts.filter(Boolean)));
}

const aboutCard = (found) => found.description && card("", h("header", {}, h("h2", {}, w().about), h("span", { class: "soft" }, w().left(found.remaining))), h("p", { class: "prose" }, found.description));

function optionsOf(found, choice, refresh) {
  const most = Math.max(1, Math.min(found.allowance ?? MOST_AT_ONCE, choice.variant?.remaining ?? 1, MOST_AT_ONCE));
  choice.quantity = Math.min(choice.quantity, most);
  const step = (by) => () => { choice.quantity += by; refresh(); };
  return [
    found.variants.length > 1 && h("div", { class: "option" }, h("span", { class: "soft" }, w().variant), h("div", { class: "pills" }, ...found.variants.map((one) =>
      h("button", { class: "pill-choice", "aria-pressed": String(one === choice.variant), disabled: one.remaining <= 0, onclick: () => { choice.variant = one; refresh(); } }, one.name, h("small", {}, w().left(one.remaining)))))),
    found.state === "available" && h("div", { class: "option row-option" }, h("span", { class: "soft" }, w().quantity), h("div", { class: "stepper" },
      h("button", { "aria-label": "−", disabled: choice.quantity <= 1, onclick: step(-1) }, "−"), h("b", {}, String(choice.quantity)), h("button", { "aria-label": "+", disabled: choice.quantity >= most, onclick: step(1) }, "+"))),
  ].filter(Boolean);
}

const sumOf = (found, choice) => [(choice.variant?.points ?? found.points) * choice.quantity, found.cash_fen * choice.quantity];

function footOf(found, choice, clock) {
  if (clock) return [h("span", { class: "soft" }, w().startsIn), clock.element, h("button", { class: "button", disabled: true }, w().states.upcoming)];
  if (found.state !== "available") return [h("button", { class: "button", disabled: true }, w().states[found.state])];
  return [price(...sumOf(found, choice)), button(w().redeem, () => askToRedeem(found, choice))];
}

function askToRedeem(found, choice) {
  const form = found.fulfilment === "delivery" ? addressForm() : null;
  const [points, cash] = sumOf(found, choice);
  const place = async () => {
    const body = { reward_id: found.id, quantity: choice.quantity, ...(found.variants.length > 1 ? { variant_id: choice.variant.id } : {}), ...(form ? { delivery: form.read() } : {}) };
    const order = await need("POST", "/redemptions", { moves: true, body });
    if (!order) return;
    closeSheet();
    say(w().redeemed);
    go(`order/${order.order_no}`);
  };
  sheet(h("h2", {}, w().redeemAsk),
    h("div", { class: "basket" }, picture(found, "small"), h("span", { class: "stack" }, h("b", {}, `${found.title} ${choice.variant?.name ?? ""}`), h("span", { class: "soft" }, `× ${choice.quantity}`)), price(points, cash)),
    form ? h("div", {}, h("p", { class: "form-title" }, icon("truck"), w().whereTo), form.element) : h("p", { class: "form-title" }, icon("store"), w().fulfilments.pickup),
    cash ? h("p", { class: "soft" }, w().cashLater(yuan(cash))) : null,
    button(w().payPoints(points), place), button(w().cancel, closeSheet, "plain"));
}

