// Selling while the line is down: earning only. Each sale is signed, kept on the device, and told later, in order.

import { mayBeMember, newReceiptCode } from "./codes.js";
import { momentOf } from "./money.js";
import { overLine } from "./line.js";
import { preferences } from "./preferences.js";
import { CONFLICT, WAITING, conflicts, factsOf, nextBatch, settle, waitingCount } from "./queue.js";
import { sign } from "./signing.js";
import { change, startAfresh, state } from "./state.js";
import { dropSale, keepSale, kept, nextCount, sales } from "./vault.js";
import { post } from "./wire.js";

let telling = null;

// A scan that nobody can look up now: digits that may be a member's, kept to be told later.
export function offlineCustomer(code) {
  const digits = code.replace(/\s/g, "");
  return mayBeMember(digits) ? { kind: "offline", digits, spends: false, member: null } : null;
}

export async function sellOffline(fen, receiptNumber) {
  const sale = {
    amount_fen: fen,
    member: state.customer?.digits ?? "", // what was scanned, while the line stood or since
    receipt_code: newReceiptCode(),
    receipt_no: receiptNumber,
    sold_at: momentOf(new Date()),
    tender: preferences.tender,
  };
  const signature = await sign(await kept("key"), { ...sale, till: state.till.code });
  await keepSale({ ...sale, signature, sequence: await nextCount(), state: WAITING });
  await count();
  const shown = { ...sale, payable_fen: fen, offline: true, receipt_code: sale.member ? null : sale.receipt_code };
  startAfresh({ last: shown, done: { sale: shown } });
}

export async function count() {
  const all = await sales();
  change({ waiting: waitingCount(all), conflicts: conflicts(all).length });
}

// Tells everything that waits; how many were booked. Asked twice at once, it runs once.
export function sync() {
  telling ??= tellAll().finally(() => { telling = null; });
  return telling;
}

async function tellAll() {
  let booked = 0;
  for (;;) {
    const batch = nextBatch(await sales());
    if (batch.length === 0 || !state.online) return booked;
    const told = batch.map((sale) => ({ ...factsOf(sale), signature: sale.signature }));
    const { items } = await overLine(() => post("/pos/offline-sales", { sales: told }));
    const { done, kept: refused } = settle(batch, items);
    for (const sale of refused) await keepSale(sale);
    for (const number of done) await dropSale(number);
    await count();
    booked += done.length;
    if (done.length + refused.length === 0) return booked; // an answer that names none of them
  }
}

// A manager has looked at it: this device need not show it any more.
export async function settled(receiptNumber) {
  await dropSale(receiptNumber);
  await count();
}
