// What came to the shopper: service messages of WeChat, coupons and rights of the mall.
import { h, icon } from "../dom.js";
import { ask, messagesOf, paged } from "../mall.js";
import { keep, locale, shopNow, state, w } from "../state.js";
import { button, card, day, empty } from "../ui.js";

export async function inbox() {
  const items = await messagesOf();
  state.seen = Math.max(state.seen, ...items.map((one) => one.sent_at));
  keep("seen", String(state.seen));
  if (!items.length) return [empty("inbox", w().noMessages, w().noMessagesMore)];
  return items.map((one) => h("article", { class: "card message" },
    h("header", {}, h("h2", {}, one.title), h("span", { class: "soft" }, new Date(one.sent_at * 1000).toLocaleString(locale(), { dateStyle: "short", timeStyle: "short" }))),
    h("dl", {}, ...Object.values(one.fields).flatMap((item) => [h("dt", {}, item.label), h("dd", {}, item.value)])),
    h("footer", {}, h("span", {}, one.page ? w().open : w().sentOn), one.page && h("span", {}, "›"))));
}

export async function coupons() {
  const told = await ask("GET", "/rights?limit=1");
  const list = h("div");
  const more = h("div");
  if (told.status === 200) await paged("/rights", coupon, list, more, (load) => button(w().more, load, "plain"));
  return list.children.length ? [list, more] : [empty("coupons", w().noCoupons, w().noCouponsMore)];
}

function coupon(one) {
  const over = one.expires_at && Date.parse(one.expires_at) <= shopNow();
  return card(`coupon ${over ? "away" : ""}`, icon("coupons"), h("span", { class: "stack" }, h("b", {}, one.title), h("span", { class: "soft" }, over ? w().expired : one.expires_at ? w().until(day(one.expires_at)) : w().forever)));
}
