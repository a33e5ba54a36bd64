// What came to the shopper: service messages of WeChat.
import { h } from "../dom.js";
import { messagesOf } from "../mall.js";
import { keep, locale, state, w } from "../state.js";
import { empty } from "../ui.js";

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
