// Coupons: one's own, the drops of the day with their clock, those for points; a gift to a friend and back.
import { h, icon } from "../dom.js";
import { ask, complain, need, paged } from "../mall.js";
import { every, go, here, keep, kept, redraw, shopNow, w } from "../state.js";
import { button, card, chip, closeSheet, countdown, day, empty, field, minute, number, say, sheet } from "../ui.js";

const WAYS = ["mine", "drops", "shop"];
const LOOK_MS = 4000;

export async function coupons(argument) {
  const way = WAYS.includes(argument) ? argument : "mine";
  const choice = h("div", { class: "segments" }, ...WAYS.map((name) =>
    h("button", { "aria-pressed": String(name === way), onclick: () => go(`coupons/${name}`) }, w().couponWays[name])));
  const { nodes, live } = await { mine, drops, shop }[way]();
  return { nodes: [choice, ...nodes], live };
}

// ------------------------------------------------------------------ one's own

async function mine() {
  const list = h("div");
  const more = h("div");
  await paged("/coupons", coupon, list, more, (load) => button(w().more, load, "plain"));
  const nothing = list.children.length ? null : empty("coupons", w().noCoupons, w().noCouponsMore);
  return { nodes: [nothing, list, more, taking()].filter(Boolean) };
}

function coupon(one) {
  const over = Date.parse(one.valid_until) <= shopNow();
  const state = one.state === "unused" && over ? "expired" : one.state;
  const until = state === "unused" ? w().until(day(one.valid_until)) : w().couponStates[state];
  const can = state === "unused" && one.can_be_given;
  return card(`coupon ${state === "unused" || state === "locked" ? "" : "away"}`, icon("coupons"),
    h("span", { class: "stack grow" }, h("b", {}, one.title), h("span", { class: "soft" }, `${one.summary} · ${until}`), h("span", { class: "soft mono" }, one.code)),
    can && button(w().giveIt, () => give(one), "plain small"),
    state === "locked" && kept(offered(one)) && button(w().takeBack, () => takeBack(one), "plain small"));
}

const offered = (one) => `offered:${one.code}`; // a coupon may be locked for a purchase as well

async function give(one) {
  const told = await need("POST", `/coupons/${one.code}/gifts`, { moves: true });
  if (!told) return;
  keep(offered(one), "yes");
  sheet(h("h2", {}, w().giftReady), h("p", { class: "soft" }, w().giftMore(minute(told.expires_at))),
    h("p", { class: "mono token" }, told.token),
    button(w().copyIt, async () => { await navigator.clipboard?.writeText(told.token); say(w().copied); }),
    button(w().gotIt, () => { closeSheet(); redraw(); }, "plain"));
}

async function takeBack(one) {
  if (!(await need("POST", `/coupons/${one.code}/gifts/withdraw`, { moves: true }))) return;
  keep(offered(one), null);
  say(w().tookItBack);
  redraw();
}

// A friend's gift or a code from a poster: both are typed in here.
function taking() {
  const typed = field(w().giftOrCode, { maxlength: 80, autocomplete: "off", placeholder: w().giftOrCodeMore });
  const take = async () => {
    const text = typed.querySelector("input").value.trim();
    if (!text) return;
    const isGift = text.length > 30;
    const told = isGift
      ? await need("POST", `/coupon-gifts/${encodeURIComponent(text)}/claims`, { moves: true })
      : await need("POST", "/coupons/codes", { moves: true, body: { code: text } });
    if (!told) return;
    say(w().couponHere);
    redraw();
  };
  return card("", typed, button(w().takeIt, take));
}

// ------------------------------------------------------------------ drops

async function drops() {
  const told = await need("GET", "/coupon-drops");
  if (!told?.items.length) return { nodes: [empty("sale", w().noDrops, w().noDropsMore)] };
  const clocks = [];
  const nodes = told.items.map((one) => dropCard(one, clocks));
  return { nodes, live: () => keepFresh(told.items, clocks) };
}

function dropCard(one, clocks) {
  const clock = one.state !== "ended" && countdown(one.state === "running" ? one.closes_at : one.opens_at);
  if (clock) clocks.push(clock);
  const isOpen = one.state === "running" && one.remaining > 0;
  const words = one.state === "upcoming" ? w().soon : isOpen ? w().claim : one.state === "running" ? w().soldOut : w().over;
  return h("section", { class: `sale ${one.state}` },
    h("header", {}, h("span", { class: "sale-title" }, icon("sale"), h("b", {}, one.title), chip(minute(one.opens_at).slice(6))),
      h("span", { class: "sale-clock" }, h("span", {}, one.state === "running" ? w().endsIn : one.state === "upcoming" ? w().startsIn : w().endedAt(minute(one.closes_at))), clock && clock.element)),
    h("div", { class: "sale-item" },
      h("span", { class: "stack" }, h("b", {}, one.coupon.title), h("span", { class: "soft" }, one.coupon.summary), barOf(one)),
      h("span", { class: "sale-buy" }, button(words, () => claim(one), isOpen ? "hot" : "plain", { disabled: !isOpen }))));
}

function barOf(one) {
  const share = one.stock ? Math.round((100 * (one.stock - one.remaining)) / one.stock) : 100;
  return h("span", { class: `bar-line ${one.remaining <= one.stock / 5 ? "few" : ""}`, id: `drop-${one.id}` },
    h("span", { class: "track" }, h("span", { class: "fill", style: { width: `${share}%` } })), h("small", {}, `${w().taken(share)} · ${w().left(one.remaining)}`));
}

function keepFresh(before, clocks) {
  let lookedAt = Date.now();
  let waiting = false;
  const shape = (items) => items.map((one) => `${one.id}${one.state}${one.remaining > 0}`).join();
  const look = async () => {
    waiting = true;
    lookedAt = Date.now();
    const told = await ask("GET", "/coupon-drops");
    waiting = false;
    if (told.status !== 200 || here().screen !== "coupons") return;
    if (shape(before) !== shape(told.body.items)) { redraw(); return; }
    told.body.items.forEach((one) => document.getElementById(`drop-${one.id}`)?.replaceWith(barOf(one)));
  };
  every(1000, () => {
    const left = clocks.map((clock) => clock.tick());
    if (!waiting && (left.includes(0) || Date.now() - lookedAt >= LOOK_MS)) look();
  });
}

async function claim(one) {
  const told = await ask("POST", `/coupon-drops/${one.id}/claims`, { moves: true });
  if (told.status !== 201) return complain(told, true);
  sheet(h("div", { class: "cheer" }, icon("coupons"), h("h2", {}, w().claimed), h("p", {}, told.body.title), h("p", { class: "soft" }, `${told.body.summary} · ${w().until(day(told.body.valid_until))}`)),
    button(w().seeCoupons, () => { closeSheet(); go("coupons/mine"); }), button(w().gotIt, () => { closeSheet(); redraw(); }, "plain"));
  return undefined;
}

// ------------------------------------------------------------------ for points

async function shop() {
  const [told, points] = await Promise.all([need("GET", "/coupon-templates"), need("GET", "/points")]);
  if (!told?.items.length) return { nodes: [empty("coupons", w().noExchanges)] };
  const tile = (one) => card("coupon", icon("coupons"),
    h("span", { class: "stack grow" }, h("b", {}, one.title), h("span", { class: "soft" }, one.summary)),
    button(`${number(one.points_price)} ${w().pointsUnit}`, () => exchange(one), "small", { disabled: one.points_price > (points?.available ?? 0) }));
  return { nodes: [h("p", { class: "soft" }, `${number(points?.available)} ${w().pointsUnit}`), ...told.items.map(tile)] };
}

async function exchange(one) {
  const told = await need("POST", `/coupon-templates/${one.code}/exchanges`, { moves: true });
  if (!told) return;
  say(w().couponHere);
  redraw();
}
