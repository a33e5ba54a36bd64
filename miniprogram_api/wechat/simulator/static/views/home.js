// The first screen: points at hand, tier and wallet, today's check-in, what expires.
import { h, icon } from "../dom.js";
import { need } from "../mall.js";
import { go, redraw, state, w } from "../state.js";
import { button, card, closeSheet, day, number, say, sheet } from "../ui.js";
import { standing } from "./standing.js";

export async function home() {
  const [me, points, calendar, cards] = await Promise.all([need("GET", "/members/me"), need("GET", "/points"), need("GET", `/checkins${state.month ? `?month=${state.month}` : ""}`), standing()]);
  return [me && points && pointsCard(me, points), ...cards, calendar && calendarCard(calendar), points && expiringCard(points)];
}

function pointsCard(me, points) {
  const figure = (label, value, more = "") => h("div", {}, h("span", { class: "soft" }, label), h("b", { class: more }, number(value)));
  const way = (name, title) => h("button", { class: "way", onclick: () => go(name) }, icon(name), h("span", {}, title));
  return card("points-card",
    h("div", { class: "points-top" }, h("span", {}, me.nickname ?? state.name), h("span", { class: "tier" }, me.tier.name)),
    h("p", { class: "big" }, number(points.available), h("small", {}, w().available)),
    h("div", { class: "figures" }, figure(w().held, points.held), figure(w().pending, points.pending), figure(w().debt, points.debt, points.debt ? "debt" : "")),
    h("div", { class: "ways" }, ...["code", "points", "orders", "coupons"].map((name) => way(name, w().titles[name]))));
}

function expiringCard(points) {
  return card("", h("header", {}, h("h2", {}, w().expiring)),
    points.expiring.length
      ? h("ul", { class: "expiring" }, ...points.expiring.slice(0, 5).map((lot) => h("li", {}, h("span", { class: "soft" }, w().expiresAt(day(lot.expires_at))), h("b", {}, number(lot.points)))))
      : h("p", { class: "soft" }, w().expiringNone));
}

function calendarCard(calendar) {
  const first = new Date(`${calendar.month}-01T00:00:00Z`);
  const blanks = (first.getUTCDay() + 6) % 7; // the week begins on Monday
  const figure = (label, value) => h("span", {}, h("span", { class: "soft" }, `${label} `), h("b", {}, String(value)), h("span", { class: "soft" }, w().days));
  return card("",
    h("header", {}, h("h2", {}, calendar.month), h("span", { class: "month-nav" },
      h("button", { "aria-label": "‹", onclick: () => turn(calendar, -1) }, "‹"),
      h("button", { "aria-label": "›", disabled: calendar.month >= calendar.today.slice(0, 7), onclick: () => turn(calendar, 1) }, "›"))),
    h("div", { class: "streak" }, figure(w().streak, calendar.streak_days), figure(w().total, calendar.days.filter((one) => one.checked_in).length)),
    h("div", { class: "check-in" }, calendar.checked_in_today ? h("button", { class: "button", disabled: true }, w().checkedIn) : button(w().checkIn, checkIn)),
    h("div", { class: "month" }, ...[...w().weekdays].map((name) => h("span", { class: "head" }, name)), ...Array(blanks).fill().map(() => h("span")), ...calendar.days.map((one) => dayCell(one, calendar))),
    calendar.milestones.length ? h("div", { class: "milestones" }, ...calendar.milestones.map(milestone)) : null);
}

function milestone(one) {
  const reward = one.rewards.map((gift) => (gift.points ? `+${number(gift.points)}` : `${gift.name} ×${gift.amount}`)).join(" ");
  const title = w().milestones[one.kind === "total" ? one.period : one.kind](one.days);
  return h("span", { class: one.reached ? "chip on" : "chip" }, `${one.reached ? "✓ " : ""}${title} ${reward}`);
}

function dayCell(one, calendar) {
  const today = one.date === calendar.today ? " today" : "";
  const date = String(Number(one.date.slice(8)));
  const points = one.reward_points ? `+${one.reward_points}` : "";
  if (one.checked_in) return h("span", { class: `day ${one.made_up ? "mended" : "done"}${today}` }, date, h("small", {}, one.made_up ? w().madeUp : points || "✓"));
  if (one.can_make_up) return h("button", { class: "day missed", onclick: () => askToMend(one.date, calendar), "aria-label": w().mendAsk(one.date) }, date, h("small", {}, w().mend));
  if (one.date < calendar.today) return h("span", { class: "day over" }, date);
  return h("span", { class: `day ${today || "future"}` }, date, points && h("small", {}, points));
}

async function turn(calendar, step) {
  const first = new Date(`${calendar.month}-01T00:00:00Z`);
  first.setUTCMonth(first.getUTCMonth() + step);
  state.month = first.toISOString().slice(0, 7);
  await redraw();
}

async function checkIn() {
  const done = await need("POST", "/checkins", { moves: true, body: {} });
  if (done) say(w().got(done.points_awarded));
  await redraw();
}

function askToMend(date, calendar) {
  const { cards, points_cost: cost, left_this_month: left } = calendar.make_up;
  sheet(h("h2", {}, w().mendAsk(date)), h("p", { class: "soft" }, w().mendMore({ cards, cost, left })),
    button(w().mendDo, async () => {
      const done = await need("POST", "/checkins/make-ups", { moves: true, body: { date } });
      closeSheet();
      if (done) say(w().mended);
      await redraw();
    }), button(w().cancel, closeSheet, "plain"));
}
