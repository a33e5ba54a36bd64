// Handing over what was redeemed, once; a slip is undone within minutes.

import { button, field, h, row } from "../dom.js";
import { overLine } from "../line.js";
import { clockOf, number as numberText, stampOf, yuan } from "../money.js";
import { beep } from "../sounds.js";
import { sentenceOf } from "../troubles.js";
import { w } from "../words.js";
import { get, post } from "../wire.js";
import { form, show } from "./dialog.js";

export function openPickUp(code) {
  const window = show(w.pickUpTitle, [], { id: "pick-up-window", onScan: (text) => look(text).catch((error) => ask(sentenceOf(error))) });
  let number = "";
  const call = (act, body) => overLine(() => post(`/pos/pickups/${number}/${act}`, body, { key: crypto.randomUUID() }));

  async function look(text) {
    number = encodeURIComponent(text.replace(/\s/g, ""));
    present(await overLine(() => get(`/pos/pickups/${number}`)));
  }

  function ask(told) {
    const asked = form([field(w.pickUpCode, h("input", { name: "code", class: "digits", inputmode: "numeric", autocomplete: "off", maxlength: 24, autofocus: true }))],
      w.search, ({ code: text }) => look(text), { id: "pick-up", sentenceOf });
    window.replace(asked);
    asked.say(told);
  }

  function present(order, told) {
    const hand = order.can_confirm && form([], w.handOver, async () => {
      const answer = await call("confirm");
      beep("done");
      present(answer, w.handedOver);
    }, { id: "hand-over", sentenceOf });
    const undo = order.can_undo && form([h("p", { class: "soft-text" }, w.undoUntil(clockOf(order.undo_until)))], w.undo, async () => {
      present(await call("undo", { reason: w.undo }), w.undone);
    }, { id: "undo", sentenceOf, tone: "quiet" });
    window.replace(
      told && h("p", { class: "trouble good", role: "status" }, told),
      h("section", { class: "box order", id: "order" },
        h("h3", {}, order.quantity > 1 ? `${order.title} × ${order.quantity}` : order.title),
        row(w.sale, order.order_no), row(w.pickUpCode, number.replace(/(.{4})(?=.)/g, "$1 ")),
        row(w.points, numberText(order.points)), order.cash_fen > 0 && row(w.paid, yuan(order.cash_fen)),
        order.collected_at && row(w.receipt.time, stampOf(order.collected_at)),
        h("p", { class: `state ${order.status}`, id: "order-state" }, w.pickStatus[order.status] ?? order.status)),
      hand, undo, button(w.next, () => ask(), { class: "soft wide-button", autofocus: !order.can_confirm }));
  }

  ask();
  if (code) look(code).catch((error) => ask(sentenceOf(error)));
}
