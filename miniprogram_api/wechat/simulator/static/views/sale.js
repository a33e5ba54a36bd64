// Flash sales: a clock, a bar that fills, one tap.
import { h, icon } from "../dom.js";
import { ask, complain, need } from "../mall.js";
import { every, go, here, redraw, shopNow, w } from "../state.js";
import { addressForm, button, chip, closeSheet, countdown, empty, minute, pickupCode, price, sheet } from "../ui.js";

const NEAR_MS = 15_000; // around a start each second counts
const LOOK_MS = 4000;

export async function sale() {
  const told = await need("GET", "/flash-sales");
  if (!told) return [];
  if (!told.items.length) return [empty("sale", w().noSales, w().noSalesMore)];
  const clocks = [];
  const nodes = told.items.map((one) => saleCard(one, clocks));
  return { nodes, live: () => keepFresh(told.items, clocks) };
}

// The clocks tick each second; the stock is asked for each few seconds, and each second near a start.
function keepFresh(sales, clocks) {
  let lookedAt = Date.now();
  let waiting = false;
  const look = async () => {
    waiting = true;
    lookedAt = Date.now();
    const told = await ask("GET", "/flash-sales");
    waiting = false;
    if (told.status === 200 && here().screen === "sale") refresh(sales, told.body.items);
  };
  every(1000, () => {
    const left = clocks.map((clock) => clock.tick());
    const near = sales.some((one) => Math.abs(Date.parse(one.starts_at) - shopNow()) < NEAR_MS) || left.includes(0);
    const running = sales.some((one) => one.state === "running");
    if (!waiting && (near || (running && Date.now() - lookedAt >= LOOK_MS))) look();
  });
}

// New figures move the bars in place; a new state or another sale draws the screen anew.
function refresh(before, after) {
  const shape = (sales) => sales.map((one) => `${one.id}${one.state}`).join();
  if (shape(before) !== shape(after)) { redraw(); return; }
  for (const item of after.flatMap((one) => one.items)) {
    const bar = document.getElementById(`bar-${item.id}`);
    bar?.replaceWith(barOf(item));
  }
}

function saleCard(one, clocks) {
  const clock = one.state !== "ended" && countdown(one.state === "running" ? one.ends_at : one.starts_at);
  if (clock) clocks.push(clock);
  return h("section", { class: `sale ${one.state}` },
    h("header", {}, h("span", { class: "sale-title" }, icon("sale"), h("b", {}, one.title), chip(w().saleStates[one.state], `state-${one.state}`)),
      h("span", { class: "sale-clock" }, h("span", {}, one.state === "running" ? w().endsIn : one.state === "upcoming" ? w().startsIn : w().endedAt(minute(one.ends_at))), clock && clock.element)),
    ...one.items.map((item) => itemRow(one, item)));
}

function barOf(item) {
  const gone = item.stock - item.remaining;
  const share = item.stock ? Math.round((100 * gone) / item.stock) : 100;
  return h("span", { class: `bar-line ${item.remaining <= item.stock / 5 ? "few" : ""}`, id: `bar-${item.id}` },
    h("span", { class: "track" }, h("span", { class: "fill", style: { width: `${share}%` } })), h("small", {}, `${w().taken(share)} · ${w().left(item.remaining)}`));
}

function itemRow(one, item) {
  const gone = item.remaining <= 0;
  const words = one.state === "upcoming" ? w().soon : one.state === "ended" ? w().over : gone ? w().soldOut : w().claim;
  return h("div", { class: "sale-item" },
    h("span", { class: "stack" }, h("b", {}, item.title),
      h("span", { class: "chips" }, item.allowance && chip(w().allowance(item.allowance)), item.min_tier && chip(w().tierOnly(item.min_tier.name), "gold"), item.fulfilment === "delivery" && chip(w().fulfilments.delivery)),
      barOf(item)),
    h("span", { class: "sale-buy" }, price(item.points_price, item.cash_fen), button(words, () => begin(one, item), one.state === "running" && !gone ? "hot" : "plain", { disabled: one.state === "ended" })));
}

function begin(one, item) {
  if (item.fulfilment !== "delivery") return claim(one, item);
  const form = addressForm();
  sheet(h("h2", {}, w().whereTo), form.element, button(w().claim, () => claim(one, item, form.read()), "hot"), button(w().cancel, closeSheet, "plain"));
  return undefined;
}

async function claim(one, item, delivery) {
  const told = await ask("POST", `/flash-sales/${one.id}/claims`, { moves: true, body: { item_id: item.id, ...(delivery ? { delivery } : {}) } });
  if (told.status !== 201) return complain(told, true);
  const won = told.body;
  sheet(h("div", { class: "cheer" }, icon("sale"), h("h2", {}, w().claimed), h("p", {}, item.title), h("p", { class: "soft" }, w().claimedMore(won.points, won.points_available))),
    won.pickup_code ? pickupCode(won.pickup_code) : null,
    button(w().seeOrder, () => { closeSheet(); go(`order/${won.order_no}`); }), button(w().gotIt, () => { closeSheet(); redraw(); }, "plain"));
  return undefined;
}
