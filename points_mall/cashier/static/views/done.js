// A sale is done: a full screen for a moment, then the till waits for the next. Any key ends it sooner.

import { h, icon } from "../dom.js";
import { number, yuan } from "../money.js";
import { preferences } from "../preferences.js";
import { printReceipt } from "../receipt.js";
import { beep, speak } from "../sounds.js";
import { change } from "../state.js";
import { w } from "../words.js";

const SHOWN_MS = 1500;
let timer = null;
let present = null;

const over = () => change({ done: null });

function told(sale) {
  if (sale.offline) return w.offlineKept;
  return sale.points_earned ? w.earned(number(sale.points_earned)) : "";
}

export const doneView = (element) => (state) => {
  if (state.done === present) return;
  present = state.done;
  element.hidden = present === null;
  clearTimeout(timer);
  if (present === null) return;
  const { sale } = present;
  element.className = sale.offline ? "offline" : "";
  element.replaceChildren(
    h("div", { class: "tick" }, icon(sale.offline ? "cloud" : "check")),
    h("p", {}, w.done), h("b", { id: "done-payable" }, yuan(sale.payable_fen)),
    h("small", {}, told(sale)));
  beep("done");
  speak(sale.offline ? w.sayOffline : w.say(yuan(sale.payable_fen)));
  element.onclick = over;
  timer = setTimeout(over, SHOWN_MS);
  if (preferences.autoPrint) printReceipt(sale);
};
