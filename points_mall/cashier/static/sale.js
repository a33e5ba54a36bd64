// The sale: scan, amount, Enter. Here stands what the till does; how it looks is the views'.

import { narrow, readAmount, typed } from "./amount.js";
import { couponsOf, stepped } from "./coupons.js";
import { overLine } from "./line.js";
import { offlineCustomer, sellOffline } from "./offline.js";
import { preferences } from "./preferences.js";
import { receiptNo } from "./queue.js";
import { beep } from "./sounds.js";
import { change, startAfresh, state } from "./state.js";
import { tellProblem } from "./troubles.js";
import { nextCount } from "./vault.js";
import { w } from "./words.js";
import { Away, Problem, post } from "./wire.js";

const SETTLE_MS = 120;
let waiting = null;
let latest = null;
let looking = null; // the scan that is being answered
const onScanOf = {}; // scans that look like what others take: pick-up codes, receipts

export const takeScansOf = (look, act) => { onScanOf[look] = act; };

export const trouble = (text, tone = "bad") => {
  if (tone === "bad") beep("refused");
  change({ trouble: { text, tone } });
};

// ---------------------------------------------------------------- the member

export function scanned(code) {
  if (state.busy || !state.till) return undefined;
  looking = lookUp(code);
  return looking;
}

async function lookUp(code) {
  if (!state.online) return welcome(offlineCustomer(code));
  change({ trouble: null });
  try {
    welcome({ ...await overLine(() => post("/pos/scans", { code })), digits: code });
  } catch (error) {
    const look = error.body?.looks_like;
    if (error instanceof Away) welcome(offlineCustomer(code));
    else if (look in onScanOf) onScanOf[look](code);
    else tellProblem(error, trouble);
  }
  return undefined;
}

export function welcome(customer) {
  if (customer === null) return trouble(w.codeWhy.nothing);
  beep("scanned");
  change({ customer, couponIds: null, usePoints: false, useWallet: false, quote: null, attempt: null, trouble: null });
  return requote(0);
}

export function clear() {
  if (state.busy) return;
  clearTimeout(waiting);
  latest?.abort();
  if (state.amount !== "" && state.customer) change({ amount: "", quote: null, attempt: null, trouble: null, couponIds: null, usePoints: false, useWallet: false });
  else startAfresh();
}

// ---------------------------------------------------------------- the amount and what it comes to

export function pressed(key) {
  setAmount(typed(state.amount, key));
}

export function setAmount(amount) {
  if (state.busy || amount === state.amount) return;
  change({ amount, trouble: null, attempt: null });
  requote();
}

// What a scanner gun's keys overwrite before they are known for what they are, and how it is put back.
export const beforeScan = () => ({ amount: state.amount, quote: state.quote, attempt: state.attempt, trouble: state.trouble });

export function takeBack(before) {
  if (state.amount === before.amount) return;
  clearTimeout(waiting);
  latest?.abort();
  change({ ...before, quoting: false });
  if (before.quote === null) requote(0);
}

export function pasteAmount(text) {
  const { fen, why } = readAmount(text);
  if (fen === null && why !== "empty") trouble(w.amountWhy[why]);
  else if (fen !== null) setAmount(narrow(text));
}

export function choose(what) {
  if (state.busy) return;
  if (!state.online) return trouble(w.offlineNo);
  if (state.customer && !state.customer.spends) return trouble(w.earnOnly);
  change({ ...what, attempt: null, trouble: null });
  return requote(0);
}

const forMember = (what) => (state.customer ? choose(what()) : trouble(w.scanFirst, "warn"));

export const togglePoints = () => forMember(() => ({ usePoints: state.usePoints === false }));
export const toggleWallet = () => forMember(() => ({ useWallet: !state.useWallet }));

export function nextCoupon(step) {
  if (state.customer?.member) choose({ couponIds: stepped(couponsOf(state), state.couponIds, step) });
}

function asked() {
  const { fen } = readAmount(state.amount);
  if (fen === null) return null;
  const { customer, usePoints, useWallet, couponIds } = state;
  const body = { amount_fen: fen };
  if (!customer) return body;
  body.scan_id = customer.scan_id;
  if (!customer.spends) return body;
  if (usePoints !== false) body.use_points = usePoints;
  if (useWallet) body.use_wallet = true;
  if (couponIds !== null) body.coupon_ids = couponIds;
  return body;
}

export function requote(after = SETTLE_MS) {
  clearTimeout(waiting);
  latest?.abort();
  const body = asked();
  if (body === null || !state.online) return change({ quote: body === null && state.amount === "" ? null : state.quote, quoting: false });
  change({ quoting: true });
  waiting = setTimeout(() => quoteNow(body), after);
  return undefined;
}

async function quoteNow(body) {
  clearTimeout(waiting);
  const mine = new AbortController();
  latest = mine;
  try {
    const quote = await overLine(() => post("/pos/quotes", body, { signal: mine.signal }));
    if (latest === mine) change({ quote, quoting: false });
  } catch (error) {
    if (mine.signal.aborted) return;
    change({ quoting: false, quote: null });
    if (!(error instanceof Away)) tellProblem(error, trouble);
  }
}

// ---------------------------------------------------------------- confirming

export async function confirm(approvalId) {
  if (state.busy || !state.till) return;
  const { fen, why } = readAmount(state.amount);
  if (fen === null) return trouble(w.amountWhy[why]);
  change({ busy: true, trouble: null });
  try {
    await looking; // who types faster than a scan is answered still sells to that member
    if (state.trouble === null) await sell(fen, approvalId);
  } finally {
    change({ busy: false });
  }
}

async function sell(fen, approvalId) {
  const number = state.attempt?.number ?? receiptNo(state.till.code, new Date(), await nextCount());
  const told = state.attempt?.body; // was sent before, and nobody knows what became of it: it is sent again as it was
  change({ attempt: { number, body: told } });
  if (!state.online) return withoutLine(fen, number);
  try {
    if (!told && (state.quoting || !state.quote)) await quoteNow(asked());
    if (!state.online) return await withoutLine(fen, number);
    if (told || state.quote) finish(await tell(number, told ?? bodyOf(number, approvalId)));
  } catch (error) {
    refused(error, fen, number);
  }
  return undefined;
}

// Only a registered device has a key to sign with.
const withoutLine = (fen, number) => (state.till.has_key ? sellOffline(fen, number) : trouble(w.offlineNoKey));

function bodyOf(number, approvalId) {
  const body = { quote_id: state.quote.quote_id, receipt_no: number, till: state.till.code, tender: preferences.tender };
  return approvalId ? { ...body, approval_id: approvalId } : body;
}

function tell(number, body) {
  change({ attempt: { number, body } });
  return overLine(() => post("/pos/sales", body, { key: `${number}-${body.quote_id}` }));
}

function finish(sale) {
  const customer = state.customer;
  const claimable = customer ? null : sale.receipt_code;
  const shown = { ...sale, member: customer?.member ?? null, receipt_code: claimable };
  startAfresh({ last: shown, done: { sale: shown } });
}

function refused(error, fen, number) {
  if (error instanceof Away) return change({ trouble: { text: w.unsure, tone: "bad", unsure: fen } });
  change({ attempt: { number } }); // a refusal is an answer: nothing was sold under this number
  if (error instanceof Problem && error.code === "quote_changed") {
    change({ quote: error.body.quote });
    return trouble(w.quoteChanged, "warn");
  }
  const asking = { act: "sale", subject: state.quote?.quote_id, amount_fen: fen };
  return tellProblem(error, trouble, { asked: asking, again: (approval) => setTimeout(confirm, 0, approval) });
}
