// The order in which sales made without the line are told to the server, and what its answer means. Pure.

export const BATCH = 50;
export const WAITING = "waiting";
export const CONFLICT = "conflict";
const BOOKED = ["recorded", "repeated"]; // now, or when it was told before

const bySequence = (one, other) => one.sequence - other.sequence;

// The next sales to send, the oldest first. One that was refused waits for a manager and holds up nobody.
export const nextBatch = (sales, size = BATCH) =>
  sales.filter((sale) => sale.state === WAITING).sort(bySequence).slice(0, size);

export const conflicts = (sales) => sales.filter((sale) => sale.state === CONFLICT).sort(bySequence);

export const waitingCount = (sales) => sales.filter((sale) => sale.state === WAITING).length;

// What an answer changes: receipts that are done with, and sales to keep with the reason of their refusal.
// A receipt that the answer does not name stays as it is and is sent again.
export function settle(batch, items) {
  const answers = new Map(items.map((item) => [item.receipt_no, item]));
  const done = [];
  const kept = [];
  for (const sale of batch) {
    const answer = answers.get(sale.receipt_no);
    if (BOOKED.includes(answer?.outcome)) done.push(sale.receipt_no);
    else if (answer?.outcome === "conflict") kept.push({ ...sale, state: CONFLICT, reason: answer.reason });
  }
  return { done, kept };
}

// What is signed and sent: the facts of the sale and nothing of ours.
export const factsOf = ({ amount_fen, member, receipt_code, receipt_no, sold_at, tender }) =>
  ({ amount_fen, member, receipt_code, receipt_no, sold_at, tender });

// A receipt's number: the till, the day, and a count that this device never repeats.
export function receiptNo(till, date, count) {
  const day = [date.getFullYear() % 100, date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0")).join("");
  return `${till}-${day}-${String(count).padStart(5, "0")}`;
}
