// Paying: goods, an amount at the till, a top-up; with points and the wallet, the bill before it is paid.
import { buy } from "../cashier.js";
import { h, icon } from "../dom.js";
import { ask, need } from "../mall.js";
import { go, redraw, state, w } from "../state.js";
import { button, card, empty, field, number, picture, say, yuan } from "../ui.js";
import { circle } from "./circle.js";
import { BEST, chooseCoupons, couponRow } from "./coupon_choice.js";
import { reckoning } from "./reckoning.js";

const WAYS = ["goods", "amount", "plan", "circle"];
const PATIENCE = 250; // before the bill follows what is tapped

let way = "goods";
let plan = null;
let amount = "";
const basket = new Map(); // sku to quantity
const tenders = { use_points: false, use_wallet: false };
let coupons = BEST; // or the codes that were tapped

export async function pay(argument) {
  if (WAYS.includes(argument)) way = argument;
  const choice = h("div", { class: "segments" }, ...WAYS.map((name) =>
    h("button", { "aria-pressed": String(name === way), onclick: () => { way = name; go("pay"); redraw(); } }, w().ways[name])));
  if (way === "circle") return [choice, ...(await circle())];
  const bill = h("div", { class: "bill" });
  const shelf = await { goods, amount: atTheTill, plan: plans }[way](() => settleLater(bill));
  return { nodes: [choice, ...shelf, bill], live: () => preview(bill) };
}

// What is asked of the shop, as it stands; null while nothing is chosen.
function asked() {
  if (way === "plan") return plan && { plan };
  const paying = { use_points: tenders.use_points, use_wallet: tenders.use_wallet, coupons };
  if (way === "amount") {
    const fen = Math.round(Number(amount) * 100);
    return fen > 0 ? { amount_fen: fen, ...paying } : null;
  }
  const items = [...basket].filter(([, quantity]) => quantity).map(([sku, quantity]) => ({ sku, quantity }));
  return items.length ? { items, ...paying } : null;
}

async function goods(changed) {
  const page = await need("GET", "/goods?limit=100");
  if (!page?.items.length) return [empty("mall", w().noGoods)];
  return [card("rows", ...page.items.map((one) => product(one, changed)))];
}

function product(one, changed) {
  const count = h("b", {}, String(basket.get(one.sku) ?? 0));
  const step = (by) => () => {
    basket.set(one.sku, Math.max(0, Math.min(99, (basket.get(one.sku) ?? 0) + by)));
    count.textContent = String(basket.get(one.sku));
    changed();
  };
  return h("div", { class: "row product" }, picture({ title: one.title, pictures: [one.picture] }, "thumb"),
    h("span", { class: "stack" }, h("b", {}, one.title), h("span", { class: "price" }, h("b", {}, yuan(one.price_fen)))),
    h("span", { class: "stepper" }, h("button", { "aria-label": `${w().fewer} ${one.title}`, onclick: step(-1) }, "−"), count, h("button", { "aria-label": `${w().one} ${one.title}`, onclick: step(1) }, "+")));
}

async function atTheTill(changed) {
  const typed = (event) => { amount = event.target.value; changed(); };
  return [card("", h("p", { class: "soft" }, w().amountMore), field(w().amountFen, { value: amount, inputmode: "decimal", maxlength: 9, placeholder: "88.00", oninput: typed }))];
}

async function plans(changed) {
  const told = await need("GET", "/wallet/plans");
  if (!told?.items.length) return [empty("wallet", w().noPlans)];
  if (!told.items.some((one) => one.code === plan)) plan = told.items[0].code;
  const tile = (one) => h("button", { class: "plan", "aria-pressed": String(one.code === plan), onclick: (event) => {
    plan = one.code;
    for (const other of event.currentTarget.parentElement.children) other.setAttribute("aria-pressed", String(other === event.currentTarget));
    changed();
  } }, h("b", {}, one.title), h("span", { class: "soft" }, w().planTold({ pay: yuan(one.pay_fen), bonus: one.bonus_fen ? yuan(one.bonus_fen) : null })));
  return [h("div", { class: "plans" }, ...told.items.map(tile))];
}

let waiting;
function settleLater(bill) {
  clearTimeout(waiting);
  waiting = setTimeout(() => preview(bill), PATIENCE);
}

let asking = 0;
// The bill, by the same reckoning as the purchase; nothing moves.
async function preview(bill) {
  const mine = ++asking;
  const wanted = asked();
  if (!wanted) return bill.replaceChildren(h("p", { class: "empty" }, w().pickSomething));
  const [told, points, wallet] = await Promise.all([ask("POST", "/purchases/quotes", { body: wanted }), ask("GET", "/points"), ask("GET", "/wallet")]);
  if (mine !== asking) return undefined; // a later tap was faster
  if (told.status !== 200 && told.body?.coupon && coupons !== BEST) { // the bill is another one by now
    coupons = BEST;
    say(told.body.title);
    return preview(bill);
  }
  if (told.status !== 200) return bill.replaceChildren(h("p", { class: "empty" }, told.body?.title ?? w().awayMall));
  const quote = told.body;
  const taken = coupons === BEST ? { ...wanted, coupons: quote.coupons.filter((one) => one.chosen).map((one) => one.code) } : wanted;
  bill.replaceChildren(
    card("rows", ...(way === "plan" ? [] : choices(bill, wanted, quote, points.body, wallet.body)), ...sums(quote)),
    why(quote), button(quote.payable_fen ? w().payNow(yuan(quote.payable_fen)) : w().payFree, () => pressed(way === "plan" ? wanted : taken)));
  return quote;
}

function choices(bill, wanted, quote, points, wallet) {
  const settle = (codes) => { coupons = codes; return preview(bill); };
  return [couponRow(quote, () => chooseCoupons(quote, wanted, settle)), ...toggles(bill, quote, points, wallet)];
}

async function pressed(wanted) {
  if (!(await buy(wanted))) return;
  basket.clear();
  amount = "";
  coupons = BEST;
}

function toggles(bill, quote, points, wallet) {
  const toggle = (name, label, more) => h("label", { class: "row toggle" }, h("span", { class: "stack" }, h("span", {}, label), h("span", { class: "soft" }, more)),
    h("input", { type: "checkbox", role: "switch", checked: tenders[name], onchange: (event) => { tenders[name] = event.target.checked; preview(bill); } }));
  return [
    toggle("use_points", w().usePoints, quote.points_used ? w().usable(number(quote.points_used), yuan(quote.points_fen)) : `${number(points?.available)} ${w().pointsUnit}`),
    toggle("use_wallet", w().useWallet, w().hasWallet(yuan(wallet?.balance_fen ?? 0))),
  ];
}

function sums(quote) {
  const sum = (label, value, more = "") => h("div", { class: `row ${more}` }, h("span", {}, label), h("span", {}, value));
  return [
    sum(w().gross, yuan(quote.gross_fen)),
    ...(quote.explanation.price?.steps ?? []).map((step) => sum(state.language === "zh" ? step.label_zh : step.label_en, `−${yuan(step.amount_fen)}`, "off")),
    quote.points_fen ? sum(w().pointsPaid, `−${yuan(quote.points_fen)}`, "off") : null,
    quote.wallet_fen ? sum(w().walletPaid, `−${yuan(quote.wallet_fen)}`, "off") : null,
    sum(w().cash, yuan(quote.payable_fen), "total"),
    quote.points_to_earn ? h("p", { class: "earns" }, icon("points"), w().earns(number(quote.points_to_earn)) + (quote.cashback_to_earn_fen ? w().earnsCash(yuan(quote.cashback_to_earn_fen)) : "")) : null,
  ].filter(Boolean);
}

const why = (quote) => h("details", { class: "reckoning" }, h("summary", {}, w().why), reckoning(quote.explanation));
