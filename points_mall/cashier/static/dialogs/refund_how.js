// The second step of a refund: which goods or how much, and why, with what it will do shown meanwhile.

import { readAmount } from "../amount.js";
import { button, field, h, row } from "../dom.js";
import { overLine } from "../line.js";
import { number, plainYuan, yuan } from "../money.js";
import { beep } from "../sounds.js";
import { change } from "../state.js";
import { sentenceOf, tellProblem } from "../troubles.js";
import { w } from "../words.js";
import { post } from "../wire.js";
import { form } from "./dialog.js";
import { chooseGoods, goodsBack, hasGoods } from "./refund_goods.js";

const SETTLE_MS = 150;

// What may be asked of a sale, one way at a time: each has a name, what is shown, and `asked()`, which is
// what the server is asked, or throws what is missing.
function waysOf(sale, changed) {
  // What coupons paid for whole has no amount to name: it goes back as it is.
  if (sale.refundable_fen === 0) return [{ element: null, asked: () => ({}) }];
  const amount = h("input", { name: "amount", class: "digits", inputmode: "decimal", autocomplete: "off", value: plainYuan(sale.refundable_fen), maxlength: 12, autofocus: true });
  amount.addEventListener("input", changed);
  const byAmount = { name: w.byAmount, element: field(w.refundAmount, amount), asked() {
    const { fen, why } = readAmount(amount.value);
    if (fen === null) throw new Error(w.amountWhy[why]);
    return { amount_fen: fen };
  } };
  if (!hasGoods(sale)) return [byAmount];
  const goods = chooseGoods(sale, changed);
  const byGoods = { name: w.byGoods, element: goods.element, asked() {
    const lines = goods.asked();
    if (lines.length === 0) throw new Error(w.goodsNone);
    return { lines };
  } };
  return [byGoods, byAmount];
}

// Buttons to change between ways, where there are several, over the one that is taken.
function chooser(sale, changed) {
  const ways = waysOf(sale, changed);
  const place = h("div", { class: "way" });
  const tabs = ways.map((way) => button(way.name, () => take(way), { class: "switch" }));
  let taken = null;
  function take(way) {
    taken = way;
    place.replaceChildren(...[way.element].filter(Boolean));
    tabs.forEach((tab, at) => tab.setAttribute("aria-pressed", String(ways[at] === way)));
    changed();
  }
  take(ways[0]);
  return { elements: [ways.length > 1 && h("div", { class: "ways", id: "refund-ways" }, tabs), place], asked: () => taken.asked() };
}

export function howMuch(sale, window) {
  const path = `/pos/sales/${sale.sale_no}/refunds`;
  const key = crypto.randomUUID();
  const consequences = h("div", { class: "box", id: "preview", "aria-live": "polite" });
  const reason = h("input", { name: "reason", maxlength: 80, autocomplete: "off", id: "refund-reason" });
  let turn = 0;
  let settle = null;
  let value = 0; // as it was last shown: what a manager signs for
  async function preview() {
    const mine = ++turn;
    const show = (...children) => { if (mine === turn) consequences.replaceChildren(...children); };
    try {
      const answer = await overLine(() => post(path, { ...how.asked(), reason: reason.value || "-", dry_run: true }));
      if (mine === turn) value = answer.refund_fen;
      show(h("h3", {}, w.preview), ...told(answer));
    } catch (error) {
      show(sentenceOf(error));
    }
  }
  const how = chooser(sale, () => {
    clearTimeout(settle);
    settle = setTimeout(preview, SETTLE_MS);
  });
  async function refund(asked, why, approvalId) {
    const body = { ...asked, reason: why, ...(approvalId && { approval_id: approvalId }) };
    try {
      done(await overLine(() => post(path, body, { key: approvalId ? `${key}-a` : key })));
    } catch (error) {
      const wanted = { act: "refund", subject: sale.sale_no, amount_fen: asked.amount_fen ?? value };
      await tellProblem(error, element.say, { asked: wanted, again: (approval) => refund(asked, why, approval) });
    }
  }
  const element = form([
    how.elements, consequences, field(w.reason, reason),
    h("div", { class: "ways" }, w.reasons.map((text) => button(text, () => { reason.value = text; }, { class: "soft" }))),
  ], w.refundNow, ({ reason: why }) => {
    const asked = how.asked();
    if (!why.trim()) throw new Error(w.reasonNeeded);
    return refund(asked, why.trim());
  }, { id: "refund", sentenceOf, tone: "danger" });
  function done(answer) {
    beep("done");
    change({ trouble: { text: w.refunded(yuan(answer.refund_fen)), tone: "good" } });
    window.replace(h("section", { class: "box good", id: "refunded" }, h("h3", {}, w.refunded(yuan(answer.refund_fen))), ...told(answer)),
      button(w.close, window.close, { class: "confirm", autofocus: true }));
  }
  return element;
}

// Every consequence of a refund, those of nothing left out.
function told(answer) {
  const rows = [
    ...answer.lines.map((line) => [goodsBack(line), yuan(line.amount_fen)]),
    [w.backToCustomer, yuan(answer.refund_fen)],
    [w.backCash, yuan(answer.cash_fen)],
    answer.wallet_returned_fen > 0 && [w.backWallet, yuan(answer.wallet_returned_fen)],
    answer.points_taken_back > 0 && [w.takenBack, `−${number(answer.points_taken_back)}`],
    answer.points_debt > 0 && [w.debt, number(answer.points_debt)],
    answer.points_returned > 0 && [w.returned, `+${number(answer.points_returned)}`],
    answer.cashback_taken_back_fen > 0 && [w.cashbackBack, `−${yuan(answer.cashback_taken_back_fen)}`],
    ...answer.coupons_restored.map(({ code }) => [w.couponBack, code]),
  ];
  return rows.filter(Boolean).map(([name, value]) => row(name, value));
}
