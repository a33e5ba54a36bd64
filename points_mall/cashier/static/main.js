// The till opens: who is signed in, which till this is, what waits; then it listens.

import { openCamera } from "./dialogs/camera.js";
import { isOpen } from "./dialogs/dialog.js";
import { openLookUp } from "./dialogs/lookup.js";
import { openMenu } from "./dialogs/menu.js";
import { openPin } from "./dialogs/pin.js";
import { openPickUp } from "./dialogs/pickup.js";
import { openPoints } from "./dialogs/points.js";
import { openQueue } from "./dialogs/queue.js";
import { openRefund } from "./dialogs/refund.js";
import { openSetUp } from "./dialogs/set_up.js";
import { openShift } from "./dialogs/shift.js";
import { $ } from "./dom.js";
import { bind, listen } from "./keys.js";
import { lost, onReturn, overLine, watchLine } from "./line.js";
import { keepLocked, watchIdleness } from "./lock.js";
import { count, sync } from "./offline.js";
import { printReceipt } from "./receipt.js";
import { requote, scanned, takeScansOf, togglePoints, trouble } from "./sale.js";
import { change, onChange, startAfresh, state } from "./state.js";
import { tellProblem } from "./troubles.js";
import { forget, keep, kept } from "./vault.js";
import { amountView } from "./views/amount.js";
import { billView } from "./views/bill.js";
import { doneView } from "./views/done.js";
import { memberView } from "./views/member.js";
import { topView } from "./views/top.js";
import { w } from "./words.js";
import { Away, Problem, actFor, get, openSession, signOut } from "./wire.js";

const OFFLINE_FOR_MS = 12 * 3600 * 1000; // as long as a session of staff lasts at most
const online = (act) => (...given) => {
  if (isOpen() || state.busy) return undefined;
  return state.online ? act(...given) : trouble(w.offlineNo);
};
const acts = {
  member: online(openLookUp),
  points: () => togglePoints(),
  somePoints: online(openPoints),
  refund: online((saleNo) => openRefund(typeof saleNo === "string" ? saleNo : undefined)),
  pickUp: online((code) => openPickUp(typeof code === "string" ? code : undefined)),
  shift: online(openShift),
  pin: online(openPin),
  queue: () => isOpen() || openQueue(),
  menu: () => isOpen() || openMenu(acts),
  camera: () => openCamera(scanned),
  print: () => printReceipt(state.last),
  removeMember: () => { startAfresh({ amount: state.amount }); requote(0); },
  signOut: leave,
};

function draw() {
  const views = [
    topView($("top"), acts), memberView($("member"), acts), amountView($("amount")), billView($("bill")), doneView($("done")),
  ];
  onChange((present) => { for (const show of views) show(present); });
  change({});
}

// Who sells: as the server says, or, while nobody answers, as it last said here.
async function recognise() {
  try {
    const session = await openSession();
    await keep("session", { staff: session.staff, shop: session.shop, at: Date.now() });
    return session;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return toSignIn();
    if (!(error instanceof Away)) throw error;
    const last = await kept("session");
    if (!last || Date.now() - last.at > OFFLINE_FOR_MS) throw new Error(w.signInAgain, { cause: error });
    lost();
    return last;
  }
}

// Who sells is known; where the session is locked, nothing goes on before they have shown that they are there.
async function greet() {
  const { staff, shop, lock = null } = await recognise();
  change({ staff, shop, lock });
  if (lock?.is_locked) await keepLocked(leave);
}

// The page itself asks to sign in where nobody is, and leads back here.
function toSignIn() {
  location.replace("/pos");
  return new Promise(() => {});
}

async function recogniseTill() {
  const till = await kept("till");
  if (!till) return state.online ? openSetUp() : trouble(w.signInAgain);
  actFor(till.code);
  change({ till });
  if (!state.online) return undefined;
  try {
    const present = await overLine(() => get("/pos/tills/current"));
    change({ till: { ...till, ...present } });
    return await keep("till", state.till);
  } catch (error) {
    if (!["no_such_till", "till_revoked", "other_store"].includes(error.code)) return tellProblem(error, trouble);
    actFor(null);
    change({ till: null });
    return openSetUp(error.message);
  }
}

async function tellWaiting() {
  try {
    const booked = state.till?.has_key ? await sync() : 0;
    if (booked > 0) change({ trouble: { text: w.synced(booked), tone: "good" } });
  } catch (error) {
    await tellProblem(error, trouble);
  }
}

async function lineIsBack() {
  await greet();
  await tellWaiting();
  if (state.customer?.kind === "offline") await scanned(state.customer.digits);
  else requote(0);
}

async function leave() {
  await forget("session");
  try {
    await signOut();
  } finally {
    location.replace("/staff/sign-in?next=/pos");
  }
}

async function open() {
  if (!window.isSecureContext) return document.body.replaceChildren(w.needsHttps); // no key, no camera, no page offline
  document.title = `${w.title} · ${document.title}`;
  listen();
  watchLine();
  watchIdleness(leave);
  bind("F2", acts.member);
  bind("F8", acts.refund);
  takeScansOf("pickup_code", acts.pickUp);
  takeScansOf("receipt_code", acts.refund);
  window.addEventListener("till:signed-out", toSignIn);
  onReturn(lineIsBack);
  navigator.serviceWorker?.register("/pos/worker.js", { scope: "/pos" }).catch(console.error);
  draw();
  await greet();
  await count();
  await recogniseTill();
  change({ ready: true });
  document.body.dataset.ready = "true";
  if (state.online) await tellWaiting();
  return undefined;
}

open().catch((error) => trouble(error.message));
