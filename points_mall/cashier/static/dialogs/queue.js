// The sales that were made without the line: those that wait, and those that a manager must look at.

import { button, h } from "../dom.js";
import { overLine } from "../line.js";
import { stampOf, yuan } from "../money.js";
import { settled, sync } from "../offline.js";
import { conflicts, nextBatch } from "../queue.js";
import { isManager, state } from "../state.js";
import { sentenceOf } from "../troubles.js";
import { sales } from "../vault.js";
import { w } from "../words.js";
import { get, post } from "../wire.js";
import { show } from "./dialog.js";

const why = (reason) => w.conflictWhy[reason] ?? reason;

const item = (sale, kind, ...more) => h("article", { class: `box sale ${kind}`, "data-receipt": sale.receipt_no },
  h("div", { class: "row" }, h("b", {}, yuan(sale.amount_fen)), h("span", {}, stampOf(sale.sold_at))),
  h("p", { class: "soft-text" }, [sale.till, sale.receipt_no, sale.sale_no].filter(Boolean).join(" · ")), more);

const waiting = (sale) => item(sale, "waiting");

// As a cashier sees it: booked without points, and whom to ask.
const seen = (sale) => item(sale, "conflict", h("p", { class: "bad-text" }, `${why(sale.reason)} · ${w.toManager}`));

// As a manager sees it, of all tills of the store.
const toSettle = (conflict, done) => item({ ...conflict.told, ...conflict }, "conflict",
  h("div", { class: "row" }, h("span", { class: "bad-text" }, why(conflict.reason)),
    button(w.settled, async () => {
      await overLine(() => post(`/pos/offline-conflicts/${conflict.id}/resolve`, { reason: w.settled }));
      await settled(conflict.receipt_no);
      await done();
    }, { class: "soft settle" })));

export function openQueue() {
  const window = show(w.queueTitle, [], { id: "queue-window", wide: true });

  async function list() {
    const all = await sales();
    const forManager = isManager() && state.online ? (await overLine(() => get("/pos/offline-conflicts?limit=100"))).items : null;
    const shown = [...(forManager?.map((one) => toSettle(one, list)) ?? conflicts(all).map(seen)), ...nextBatch(all, all.length).map(waiting)];
    window.replace(
      shown.length === 0 ? h("p", { class: "soft-text", id: "queue-empty" }, w.queueEmpty) : h("div", { class: "choices" }, shown),
      button(w.syncNow, () => again(sync), { class: "confirm", id: "sync", disabled: state.waiting === 0 || !state.online }));
  }

  async function again(act = () => {}) {
    try {
      await act();
      await list();
    } catch (error) {
      window.replace(h("p", { class: "trouble bad", role: "alert" }, sentenceOf(error)));
    }
  }

  again();
}
