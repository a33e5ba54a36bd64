// The lucky wheel: odds in the open, one tap, a prize, and what proves it.
import { h, icon } from "../dom.js";
import { ask, complain, need, unheard } from "../mall.js";
import { go, keep, kept, note, redraw, state, w } from "../state.js";
import { addressForm, button, card, chip, closeSheet, day, empty, number, pickupCode, say, sheet } from "../ui.js";
import { wheelFace } from "../wheel_face.js";
import { nonce } from "../wire.js";
import { fairnessCard } from "./fairness_card.js";

let chosen = null; // which wheel, where there are several
let spinning = false;

export async function wheel() {
  const told = await ask("GET", "/wheels");
  if (told.status !== 200 && told.status !== 404) complain(told);
  const wheels = told.status === 200 ? told.body.items : [];
  if (!wheels.length) return [empty("wheel", w().noWheels, w().noWheelsMore)];
  const shown = wheels.find((one) => one.id === chosen) ?? wheels[0];
  const [points, winners] = await Promise.all([need("GET", "/points"), ask("GET", `/wheels/${shown.id}/winners`)]);
  return [
    wheels.length > 1 ? h("div", { class: "segments" }, ...wheels.map((one) => h("button", { "aria-pressed": String(one === shown), onclick: () => { chosen = one.id; redraw(); } }, one.title))) : null,
    stage(shown, points),
    winners.status === 200 && winners.body.items.length ? winnersLine(winners.body.items) : null,
    oddsCard(shown), fairnessCard(shown),
    card("", h("header", {}, h("h2", {}, w().rules)), h("p", { class: "prose" }, shown.rules)),
  ];
}

function stage(shown, points) {
  const free = shown.free_draws_left > 0;
  const cost = free ? w().freeDraw : shown.chances > 0 ? `${w().chances} ${shown.chances}` : w().costs(shown.points_cost);
  const knob = h("button", { class: "wheel-knob", disabled: shown.state !== "running" }, h("b", {}, w().draw), h("small", {}, shown.state === "running" ? cost : shown.state === "upcoming" ? w().upcomingWheel : w().endedWheel));
  const face = wheelFace(shown.prizes, knob);
  knob.addEventListener("click", () => play(shown, face, knob));
  const figure = (label, value) => h("div", {}, h("b", {}, value), h("span", {}, label));
  return h("section", { class: "stage" }, h("h2", {}, shown.title), face.element,
    h("div", { class: "stage-figures" }, figure(w().available, number(points?.available)), figure(w().chances, String(shown.chances + shown.free_draws_left)), figure(w().leftToday, shown.draws_left_today === null ? w().unlimited : String(shown.draws_left_today))),
    shown.guaranteed_within === null ? null : h("p", { class: "within" }, w().within(shown.guaranteed_within)));
}

async function play(shown, face, knob) {
  if (spinning) return;
  spinning = knob.disabled = true;
  try {
    const place = `nonce:${state.person}:${shown.id}`;
    const mine = kept(place) ?? nonce(); // one tap more after no answer is the same draw
    keep(place, mine);
    const told = await ask("POST", `/wheels/${shown.id}/draws`, { moves: true, body: { nonce: mine } });
    if (!unheard(told)) keep(place, null);
    if (told.status !== 201) { complain(told, true); return; }
    const drawn = told.body;
    note(drawn.draw_no, { commitment: drawn.proof.commitment, nonce: mine });
    await face.spinTo(drawn.prize.position);
    prizeSheet(drawn);
    await redraw();
  } finally {
    spinning = knob.disabled = false;
  }
}

const MARKS = { points: "points", coupon: "coupons", reward: "gift", draw_again: "wheel", draw_chance: "wheel" };

function prizeSheet(drawn) {
  const { prize, granted } = drawn;
  const lost = prize.kind === "nothing";
  const headline = lost ? w().thanks : prize.kind === "draw_again" ? w().againWon : w().won;
  const form = prize.kind === "reward" && granted.fulfilment === "delivery" ? addressForm() : null;
  sheet(h("div", { class: `cheer ${lost ? "lost" : ""}` }, icon(MARKS[prize.kind] ?? "gift"), h("p", { class: "soft" }, headline), h("h2", {}, prize.name),
    granted.points ? h("p", {}, w().grantedPoints(granted.points)) : null, granted.expires_at ? h("p", { class: "soft" }, w().until(day(granted.expires_at))) : null),
    granted.pickup_code ? pickupCode(granted.pickup_code) : null,
    form && h("div", {}, form.element, button(w().saveAddress, () => sendTo(drawn.draw_no, form.read()))),
    h("p", { class: "sealed" }, icon("shield"), w().sealed(drawn.proof.draw_index)),
    button(w().drawMore, closeSheet), button(w().seeProof, () => { closeSheet(); go(`proof/${drawn.draw_no}`); }, "plain"));
}

async function sendTo(drawNo, address) {
  if (!(await need("POST", `/draws/${drawNo}/delivery`, { moves: true, body: address }))) return;
  closeSheet();
  say(w().addressSaved);
}

function winnersLine(items) {
  return h("div", { class: "winners" }, h("b", {}, w().winners), h("div", {}, ...items.slice(0, 5).map((one) => h("span", {}, `${one.name_masked} · ${one.prize}`))));
}

function oddsCard(shown) {
  const sorted = [...shown.prizes].sort((one, other) => Number(other.odds_bp_text) - Number(one.odds_bp_text));
  return card("", h("header", {}, h("h2", {}, w().odds)), h("p", { class: "soft" }, w().oddsMore),
    h("ul", { class: "odds" }, ...sorted.map((one) => h("li", {},
      h("span", { class: `key k-${one.kind}` }), h("span", { class: "odds-name" }, one.name, one.is_guaranteed && chip(w().guaranteed, "gold"), one.is_consolation && chip(w().consolation), one.remaining !== null && h("small", { class: "soft" }, w().remaining(one.remaining))),
      h("b", {}, one.odds_text)))));
}

