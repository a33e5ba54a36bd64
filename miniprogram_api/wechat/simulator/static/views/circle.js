// The business circle: let payments earn points, buy in a shop around, see what the mall made of it.
import { h } from "../dom.js";
import { ask } from "../mall.js";
import { redraw, state, w } from "../state.js";
import { button, card, empty, field, minute, number, say, yuan } from "../ui.js";
import { strings } from "../wire.js";

const HEARD = 1200; // milliseconds until the mall has answered

export async function circle() {
  const [known, granted, bought, cars] = await Promise.all([ask("GET", "/business-circle"), strings("GET", "authorisations"), strings("GET", `mall-purchases?openid=${encodeURIComponent(state.person)}`), strings("GET", "parkings")]);
  if (known.status === 404) return [empty("store", w().circleOff)];
  const mine = granted.items.find((one) => one.openid === state.person);
  return [permission(mine?.state ?? "UNAUTHORIZED", known.body), shop(), ...history(bought), parking(cars.items.filter((one) => one.openid === state.person))];
}

function permission(at, known) {
  const isGranted = at === "AUTHORIZED";
  return card("", h("header", {}, h("h2", {}, w().circle), h("span", { class: `chip ${isGranted ? "on" : ""}` }, w().circleStates[at])),
    h("p", { class: "soft circle-more" }, `${w().circleMore} ${known?.state === at.toLowerCase() ? w().mallKnows : w().mallKnowsNot}`),
    button(isGranted ? w().deauthorise : w().authorise, () => pull("authorisations", { openid: state.person, how: isGranted ? "deauthorise" : "authorise" }, w().asked), isGranted ? "plain" : ""));
}

function shop() {
  const where = field(w().shopNumber, { value: "7", maxlength: 32 });
  const amount = field(w().amountFen, { value: "88.00", inputmode: "decimal", maxlength: 9 });
  const read = (element) => element.querySelector("input").value.trim();
  return card("", h("header", {}, h("h2", {}, w().shopIn)), h("div", { class: "pair" }, where, amount), button(w().buy, async () => {
    const fen = Math.round(Number(read(amount)) * 100);
    const made = await pull("mall-purchases", { openid: state.person, shop_number: read(where), amount_fen: fen });
    if (made) say(made.told ? w().bought : w().boughtSilent);
  }));
}

function history({ items }) {
  if (!items.length) return [empty("store", w().noMallBought)];
  return [card("rows", h("p", { class: "soft" }, w().mallBought), ...items.map(row))];
}

function row(one) {
  const heard = one.synced ? (one.synced.earn_points ? w().synced(number(one.synced.increased_points)) : `${w().syncedNone} ${one.synced.no_points_remarks ?? ""}`) : one.told ? w().unsynced : w().untold;
  const left = one.amount_fen - one.refunded_fen;
  const tap = (text, path, body, done) => h("button", { class: "link", onclick: () => pull(path, body, done) }, text);
  return h("div", { class: "row" },
    h("span", { class: "stack" }, h("b", {}, `${w().shopOf(one.shop_number)} · ${yuan(one.amount_fen)}`), h("span", { class: one.synced?.earn_points ? "plus small" : "soft" }, heard)),
    h("span", { class: "stack right" }, h("span", { class: "soft" }, minute(new Date(one.paid_at * 1000 + 8 * 3600 * 1000).toISOString())),
      one.told ? null : tap(w().claimPoints, `mall-purchases/${one.transaction_id}/claim`, { commit_tag: "claimed-by-hand" }, w().claimedPoints),
      left > 0 ? tap(w().giveBack, "mall-refunds", { transaction_id: one.transaction_id }, w().gaveBackAll) : h("span", { class: "soft" }, w().gaveBackAll)));
}

function parking(cars) {
  const [last] = cars;
  const told = last ? w()[last.state === "IN" ? "parkedIn" : "parkedOut"](last.plate_number) : w().notParked;
  return card("rows", h("div", { class: "row" }, h("span", {}, w().parked), h("span", { class: "soft" }, told)));
}

// Pulls a string of WeChat's, says how it went, and looks again once the mall has had time to answer.
async function pull(path, body, done) {
  try {
    const made = await strings("POST", path, body);
    if (done) say(done);
    setTimeout(redraw, HEARD);
    return made;
  } catch (error) {
    say(error.message);
    return undefined;
  }
}
