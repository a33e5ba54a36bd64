// The shopper's own things: profile, consent, data, leaving.
import { $, h, icon } from "../dom.js";
import { ask, complain, leave, messagesOf, need } from "../mall.js";
import { go, keep, kept, redraw, state, w } from "../state.js";
import { button, card, closeSheet, day, face, field, line, say, sheet } from "../ui.js";
import { strings } from "../wire.js";

export async function me() {
  const [mine, messages] = await Promise.all([need("GET", "/members/me"), messagesOf()]);
  if (!mine) return [button(w().logout, () => leave(w().loggedOut), "plain")];
  const unread = messages.filter((one) => one.sent_at > state.seen).length;
  const way = (name) => h("button", { class: "way", onclick: () => go(name) }, icon(name), h("span", {}, w().titles[name]), name === "inbox" && unread ? h("span", { class: "badge" }, String(unread)) : null);
  const name = mine.nickname ?? state.name;
  return [
    card("profile", h("div", { class: "person" }, face(name), h("span", { class: "stack name" }, h("b", {}, name), h("span", { class: "soft mono" }, mine.member_no)), h("span", { class: "chip gold" }, mine.tier.name)),
      h("div", { class: "ways" }, ...["points", "orders", "coupons", "inbox"].map(way))),
    card("rows", line(w().nickname, mine.nickname, () => changeNickname(mine)), line(w().phone, mine.phone_masked, bindPhone), line(w().joined, day(mine.joined_at))),
    card("rows", line(w().titles.purchases, "", () => go("purchases")), line(w().subscribe, "", subscribe), line(w().titles.draws, "", () => go("draws")), line(w().exportData, "", exportData)),
    h("div", {}, button(w().logout, logOut, "plain"), button(w().logoutAll, logOutEverywhere, "plain"), button(w().close, askToClose, "danger")),
  ];
}

function changeNickname(mine) {
  const input = field(w().nickname, { value: mine.nickname ?? state.name, maxlength: 32 });
  sheet(h("h2", {}, w().nickname), input, button(w().save, async () => {
    const done = await need("PUT", "/members/me", { body: { nickname: input.querySelector("input").value.trim() } });
    closeSheet();
    if (done) say(w().saved);
    await redraw();
  }), button(w().cancel, closeSheet, "plain"));
}

function bindPhone() {
  const input = field(w().phone, { value: "13800138000", inputmode: "numeric", maxlength: 11 });
  sheet(h("h2", {}, w().bindPhone), h("p", { class: "soft" }, w().bindAsk), input, button(w().bindDo, async () => {
    const phone = input.querySelector("input").value.trim();
    if (!/^\d{11}$/.test(phone)) return say(w().phoneBad);
    const { code } = await strings("POST", "phone-codes", { openid: state.person, phone });
    const done = await need("POST", "/members/me/phone", { body: { code } });
    closeSheet();
    if (done) say(w().bound);
    return redraw();
  }), button(w().notNow, closeSheet, "plain"));
}

// wx.requestSubscribeMessage: the kinds that the mall sends; WeChat tells the mall the answer by a push.
async function subscribe() {
  const kinds = await need("GET", "/members/me/subscriptions");
  const items = kinds?.items ?? [];
  const choice = items.length
    ? h("label", { class: "field" }, h("select", { "aria-label": w().template }, ...items.map((one) => h("option", { value: one.template_id }, `${one.title} · ${one.accepted}`))))
    : field(w().template, { value: kept("template") ?? "points_expiring", maxlength: 64 });
  const answer = (accept) => async () => {
    const templateId = choice.querySelector("input, select").value.trim();
    keep("template", templateId);
    const told = await strings("POST", "subscriptions", { openid: state.person, template_id: templateId, accept });
    closeSheet();
    say(told.push.delivered ? (accept ? w().accepted(told.left) : w().rejected) : w().notTold);
  };
  sheet(h("h2", {}, w().subscribeAsk), h("p", { class: "soft" }, w().subscribeMore), choice, button(w().accept, answer(true)), button(w().reject, answer(false), "plain"));
}

async function exportData() {
  const data = await need("GET", "/members/me/export");
  if (!data) return;
  const link = h("a", { href: URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" })), download: "my-data.json" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  say(w().exported);
}

async function logOut() {
  await ask("DELETE", "/sessions/current", { again: true });
  leave(w().loggedOut);
}

async function logOutEverywhere() {
  const told = await ask("DELETE", "/sessions", { again: true });
  if (told.status === 204) leave(w().loggedOut);
  else complain(told);
}

function askToClose() {
  sheet(h("h2", {}, w().closeAsk), h("p", { class: "soft" }, w().closeMore), button(w().closeDo, async () => {
    const told = await ask("DELETE", "/members/me");
    closeSheet();
    if (told.status === 204) leave(w().closed);
    else complain(told);
  }, "danger"), button(w().cancel, closeSheet, "plain"));
  $("sheet").querySelector("button").blur(); // nobody closes an account by pressing Enter once too often
}
