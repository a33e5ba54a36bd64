// wx.requestPayment: the sheet that WeChat shows, and the wait until the shop knows.
import { h, icon } from "./dom.js";
import { ask, complain, need } from "./mall.js";
import { go, redraw, state, w } from "./state.js";
import { button, closeSheet, number, say, sheet, yuan } from "./ui.js";
import { strings } from "./wire.js";

const LOOKS = 12; // at the shop, to see whether it has been told
const PAUSE = 500;

// Buys, pays where something is owed, and shows what came of it; false where the shop would not sell.
export async function buy(asked) {
  const told = await ask("POST", "/purchases", { moves: true, body: asked });
  if (told.status !== 201) {
    complain(told, true);
    return false;
  }
  await settle(told.body);
  return true;
}

// Pays a purchase that waits for it.
export async function settle(placed) {
  if (placed.status === "paid") return done(placed.purchase_no);
  const payment = placed.payment ?? (await need("POST", `/purchases/${placed.purchase_no}/payments`, {}))?.payment;
  if (payment) return cashier({ ...placed, payment });
  go(`purchase/${placed.purchase_no}`);
  return undefined;
}

function cashier({ purchase_no: number_, payable_fen: fen, payment }) {
  sheet(h("div", { class: "cashier" }, h("p", { class: "soft" }, w().cashier), h("p", {}, w().payTo(w().app)), h("b", { class: "sum" }, yuan(fen))),
    button(w().confirmPay, () => confirm(number_, payment)),
    button(w().cancel, () => { closeSheet(); say(w().payCancelled); go(`purchase/${number_}`); }, "plain"));
}

// WeChat checks what the shop signed, takes the money, and tells the shop.
async function confirm(purchaseNo, payment) {
  try {
    await strings("POST", "payments", { ...payment, openid: state.person });
  } catch (error) {
    closeSheet();
    return say(error.message);
  }
  say(w().paying);
  return done(purchaseNo);
}

async function done(purchaseNo) {
  const found = await known(purchaseNo);
  if (found?.status !== "paid") {
    closeSheet();
    say(w().paidLate);
    return go(`purchase/${purchaseNo}`);
  }
  sheet(h("div", { class: "cheer" }, icon("pay"), h("h2", {}, w().paid), h("p", {}, found.title), found.points_earned ? h("p", { class: "plus" }, w().earned(number(found.points_earned))) : null),
    button(w().seePurchase, () => { closeSheet(); go(`purchase/${purchaseNo}`); }), button(w().backTo, closeSheet, "plain"));
  return redraw();
}

// The purchase as the shop has it, as soon as it knows that it is paid.
async function known(purchaseNo) {
  for (let look = 0; look < LOOKS; look += 1) {
    const told = await ask("GET", `/purchases/${purchaseNo}`);
    if (told.status !== 200 || told.body.status !== "awaiting_payment") return told.body;
    await new Promise((wake) => { setTimeout(wake, PAUSE); });
  }
  return undefined;
}
