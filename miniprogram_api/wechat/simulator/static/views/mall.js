// The catalogue: what points can buy, and what of it is within reach.
import { h, icon } from "../dom.js";
import { need } from "../mall.js";
import { every, go, redraw, w } from "../state.js";
import { chip, countdown, empty, number, picture, price } from "../ui.js";

let onlyMine = false;

export async function mall() {
  const [page, points] = await Promise.all([need("GET", "/rewards?limit=100"), need("GET", "/points")]);
  if (!page) return [];
  const mine = (reward) => reward.state === "available" && (points?.available ?? 0) >= lowest(reward);
  const shown = onlyMine ? page.items.filter(mine) : page.items;
  const clocks = [];
  const nodes = [
    header(points),
    h("div", { class: "segments" }, ...[[false, w().all], [true, w().canHave]].map(([value, title]) =>
      h("button", { "aria-pressed": String(onlyMine === value), onclick: () => { onlyMine = value; redraw(); } }, title))),
    shown.length ? h("div", { class: "shelf" }, ...shown.map((reward) => tile(reward, clocks))) : empty("mall", onlyMine ? w().nothingForMe : w().nothingHere),
  ];
  const tick = () => clocks.forEach((clock) => clock.tick() === 0 && redraw());
  return { nodes, live: () => clocks.length && every(1000, tick) };
}

const lowest = (reward) => Math.min(...reward.variants.map((one) => one.points), reward.points);

function header(points) {
  return h("div", { class: "band" },
    h("div", {}, h("span", {}, w().available), h("b", {}, number(points?.available))),
    h("button", { class: "band-way", onclick: () => go("orders") }, icon("orders"), w().myOrders));
}

function tile(reward, clocks) {
  const away = reward.state !== "available";
  const clock = reward.state === "upcoming" && countdown(reward.available_from);
  if (clock) clocks.push(clock);
  return h("button", { class: `tile ${away ? "away" : ""}`, onclick: () => go(`reward/${reward.id}`) },
    h("span", { class: "tile-top" }, picture(reward), away && h("span", { class: `ribbon ${reward.state}` }, w().states[reward.state])),
    h("span", { class: "tile-body" },
      h("b", { class: "tile-title" }, reward.title), h("span", { class: "soft tile-summary" }, reward.summary || w().fulfilments[reward.fulfilment]),
      price(reward.points, reward.cash_fen),
      clock ? clock.element : h("span", { class: "tile-foot" }, reward.min_tier ? chip(w().tierOnly(reward.min_tier.name), "gold") : h("span", { class: "soft" }, w().left(reward.remaining)))));
}

