// Which coupons go onto a bill: the best set, or those that are tapped; the rest with the reason why not.
import { h, icon } from "../dom.js";
import { ask } from "../mall.js";
import { w } from "../state.js";
import { button, closeSheet, say, sheet, yuan } from "../ui.js";

export const BEST = "best";

// The row of the bill that leads to the choice.
export function couponRow(quote, open) {
  const chosen = quote.coupons.filter((one) => one.chosen);
  const usable = quote.coupons.filter((one) => one.usable);
  const off = chosen.reduce((sum, one) => sum + one.takes_fen, 0);
  const told = chosen.length ? `−${yuan(off)}` : usable.length ? w().couponsUsable(usable.length) : w().noneUsable;
  return h("button", { class: "row", disabled: !quote.coupons.length, onclick: open },
    h("span", { class: "stack" }, h("span", {}, w().useCoupons), chosen.length ? h("span", { class: "soft" }, chosen.map((one) => one.title).join("、")) : null),
    h("span", { class: chosen.length ? "off-sum" : "soft" }, told));
}

// The sheet; `settle` puts the choice onto the bill and answers the new quote.
export function chooseCoupons(quote, wanted, settle) {
  const chosen = quote.coupons.filter((one) => one.chosen).map((one) => one.code);
  const again = async (codes, alone) => {
    let taken = codes;
    if (codes !== BEST && codes.length > 1) {
      const told = await ask("POST", "/purchases/quotes", { body: { ...wanted, coupons: codes } });
      if (told.status !== 200) { // these do not go together: the one that was tapped goes alone
        say(told.body?.title ?? w().awayMall);
        taken = [alone];
      }
    }
    const fresh = await settle(taken);
    if (fresh) chooseCoupons(fresh, wanted, settle);
  };
  const tap = (one) => again(one.chosen ? chosen.filter((code) => code !== one.code) : [...chosen, one.code], one.code);
  const isBest = [...chosen].sort().join() === [...quote.best_coupons].sort().join();
  sheet(h("h2", {}, w().useCoupons),
    button(isBest ? w().isBest : w().takeBest, () => again(BEST), isBest ? "plain" : "hot", { disabled: isBest }),
    h("div", { class: "choosing" }, ...quote.coupons.map((one) => choice(one, tap))),
    button(w().backTo, closeSheet));
}

const why = (reason) => reason.text + (reason.missing_fen ? w().missing(yuan(reason.missing_fen)) : "");

function choice(one, tap) {
  return h("button", { class: `card coupon ${one.usable ? "" : "away"}`, "aria-pressed": String(one.chosen), disabled: !one.usable, onclick: () => tap(one) },
    icon("coupons"), h("span", { class: "stack grow" }, h("b", {}, one.title), h("span", { class: "soft" }, one.reason ? why(one.reason) : w().takesOff(yuan(one.takes_fen)))),
    one.usable ? h("span", { class: "tick", "aria-hidden": "true" }, one.chosen ? "✓" : "") : null);
}
