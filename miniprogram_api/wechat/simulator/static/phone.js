// The shopper's phone: who holds it, and the mini-program that runs on it.
import { $, h, icon } from "./dom.js";
import { draw as drawDrawer, openDrawer } from "./drawer.js";
import { strings, wxRequest } from "./wire.js";
import { words as dictionary } from "./words.js";

const NAMES = ["小明", "李雷", "韩梅梅", "阿强", "小红", "王芳", "老陈", "安娜"];
const API = "/api/v1";

// What a mini-program keeps in wx.storage.
const kept = (name) => sessionStorage.getItem(name);
const keep = (name, value) => (value ? sessionStorage.setItem(name, value) : sessionStorage.removeItem(name));

let language = localStorage.getItem("language") ?? "zh";
let person = kept("person");
let tab = "home";
let month = null; // null: the shop's current one
let seen = Number(kept("seen") ?? 0);
let drawing = 0;

const w = () => dictionary[language];
const number = (value) => Number(value ?? 0).toLocaleString("en-US");
const day = (moment) => moment.slice(0, 10);
const tokenOf = (openid) => kept(`token:${openid}`);

// Asking the mall

async function ask(method, path, options = {}) {
  const told = await wxRequest(method, API + path, { token: tokenOf(person), language: language === "zh" ? "zh-CN" : "en", ...options });
  if (told.status !== 401 || options.again) return told;
  // A mini-program logs in again by itself; the shopper sees nothing of it.
  if (!(await logIn(person, true))) return told;
  say(w().relogin);
  return ask(method, path, { ...options, again: true });
}

async function need(method, path, options) {
  const told = await ask(method, path, options);
  if (told.status >= 200 && told.status < 300) return told.body;
  say(told.body?.title ?? w().awayMall);
  return undefined;
}

async function logIn(openid, silently = false) {
  const { code } = await strings("POST", "codes", { openid });
  const told = await wxRequest("POST", `${API}/sessions`, { body: { code }, language: language === "zh" ? "zh-CN" : "en" });
  if (told.status !== 201) {
    if (!silently) say(told.body?.title ?? w().awayMall);
    return false;
  }
  keep(`token:${openid}`, told.body.access_token);
  if (!silently) {
    person = openid;
    keep("person", person);
    [tab, month] = ["home", null];
    say(told.body.is_new_member ? w().welcomeNew : w().welcomeBack);
  }
  return true;
}

function leave(words) {
  keep(`token:${person}`, null);
  keep("person", null);
  person = null;
  say(words);
  draw();
}

// Saying things

let quiet;
function say(text) {
  clearTimeout(quiet);
  $("toast").textContent = text;
  $("toast").hidden = false;
  quiet = setTimeout(() => { $("toast").hidden = true; }, 2200);
}

function sheet(...children) {
  $("sheet").replaceChildren(...children);
  $("sheet").hidden = $("sheet-back").hidden = false;
  ($("sheet").querySelector("input") ?? $("sheet").querySelector("button"))?.focus();
}

function closeSheet() {
  $("sheet").hidden = $("sheet-back").hidden = true;
}

const button = (text, onclick, more = "") => h("button", {
  class: `button ${more}`,
  onclick: async (event) => {
    event.target.disabled = true; // one tap, one request
    try { await onclick(); } finally { event.target.disabled = false; }
  },
}, text);

const field = (label, attributes) => h("label", { class: "field" }, h("span", {}, label), h("input", attributes));

function face(name) {
  const hue = [...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 5;
  return h("span", { class: `face c${hue}`, "aria-hidden": "true" }, [...name][0]);
}

// Screens

async function loginScreen() {
  const { items } = await strings("GET", "users");
  const taken = new Set(items.map((user) => user.openid));
  const fresh = NAMES.filter((name) => !taken.has(name));
  const input = field(w().newPerson, { value: fresh[0] ?? `小明${items.length}`, maxlength: 32, autocomplete: "off" });
  const begin = async (openid) => { if (openid && (await logIn(openid))) await draw(); else drawDrawer(); };
  return [
    h("div", { class: "hello" }, h("img", { class: "logo", src: "/static/icon.svg", alt: "" }), h("h2", {}, w().hello), h("p", { class: "soft" }, w().helloMore)),
    h("div", { class: "card" }, input, button(w().login, () => begin(input.querySelector("input").value.trim()))),
    items.length ? h("div", { class: "card rows" }, h("p", { class: "soft" }, w().people), ...items.map((user) =>
      h("button", { class: "person", onclick: () => begin(user.openid) }, face(user.openid), h("span", { class: "name" }, user.openid), user.phone && h("span", { class: "soft" }, user.phone)))) : null,
  ];
}

async function homeScreen() {
  const [me, points, calendar] = await Promise.all([need("GET", "/members/me"), need("GET", "/points"), need("GET", `/checkins${month ? `?month=${month}` : ""}`)]);
  return [me && points && pointsCard(me, points), calendar && calendarCard(calendar), points && expiringCard(points)];
}

function pointsCard(me, points) {
  const figure = (label, value, more = "") => h("div", {}, h("span", { class: "soft" }, label), h("b", { class: more }, number(value)));
  return h("div", { class: "card points-card" },
    h("div", { class: "points-top" }, h("span", {}, me.nickname ?? person), h("span", { class: "tier" }, me.tier.name)),
    h("p", { class: "big" }, number(points.available), h("small", {}, w().available)),
    h("div", { class: "figures" }, figure(w().held, points.held), figure(w().pending, points.pending), figure(w().debt, points.debt, points.debt ? "debt" : "")));
}

function expiringCard(points) {
  return h("div", { class: "card" }, h("header", {}, h("h2", {}, w().expiring)),
    points.expiring.length
      ? h("ul", { class: "expiring" }, ...points.expiring.slice(0, 5).map((lot) => h("li", {}, h("span", { class: "soft" }, w().expiresAt(day(lot.expires_at))), h("b", {}, number(lot.points)))))
      : h("p", { class: "soft" }, w().expiringNone));
}

function calendarCard(calendar) {
  const first = new Date(`${calendar.month}-01T00:00:00Z`);
  const blanks = (first.getUTCDay() + 6) % 7; // the week begins on Monday
  const figure = (label, value) => h("span", {}, h("span", { class: "soft" }, `${label} `), h("b", {}, String(value)), h("span", { class: "soft" }, w().days));
  return h("div", { class: "card" },
    h("header", {}, h("h2", {}, calendar.month), h("span", { class: "month-nav" },
      h("button", { "aria-label": "‹", onclick: () => turn(calendar, -1) }, "‹"),
      h("button", { "aria-label": "›", disabled: calendar.month >= calendar.today.slice(0, 7), onclick: () => turn(calendar, 1) }, "›"))),
    h("div", { class: "streak" }, figure(w().streak, calendar.streak_days), figure(w().total, calendar.days.filter((one) => one.checked_in).length)),
    h("div", { class: "check-in" }, calendar.checked_in_today ? h("button", { class: "button", disabled: true }, w().checkedIn) : button(w().checkIn, checkIn)),
    h("div", { class: "month" }, ...[...w().weekdays].map((name) => h("span", { class: "head" }, name)), ...Array(blanks).fill().map(() => h("span")), ...calendar.days.map((one) => dayCell(one, calendar))),
    calendar.milestones.length ? h("div", { class: "milestones" }, ...calendar.milestones.map(milestone)) : null);
}

function milestone(one) {
  const reward = one.rewards.map((gift) => (gift.points ? `+${number(gift.points)}` : `${gift.name} ×${gift.amount}`)).join(" ");
  const title = w().milestones[one.kind === "total" ? one.period : one.kind](one.days);
  return h("span", { class: one.reached ? "chip on" : "chip" }, `${one.reached ? "✓ " : ""}${title} ${reward}`);
}

function dayCell(one, calendar) {
  const today = one.date === calendar.today ? " today" : "";
  const date = String(Number(one.date.slice(8)));
  const points = one.reward_points ? `+${one.reward_points}` : "";
  if (one.checked_in) return h("span", { class: `day ${one.made_up ? "mended" : "done"}${today}` }, date, h("small", {}, one.made_up ? w().madeUp : points || "✓"));
  if (one.can_make_up) return h("button", { class: "day missed", onclick: () => askToMend(one.date, calendar), "aria-label": w().mendAsk(one.date) }, date, h("small", {}, w().mend));
  if (one.date < calendar.today) return h("span", { class: "day over" }, date);
  return h("span", { class: `day ${today || "future"}` }, date, points && h("small", {}, points));
}

async function turn(calendar, step) {
  const first = new Date(`${calendar.month}-01T00:00:00Z`);
  first.setUTCMonth(first.getUTCMonth() + step);
  month = first.toISOString().slice(0, 7);
  await draw();
}

async function checkIn() {
  const done = await need("POST", "/checkins", { moves: true, body: {} });
  if (done) say(w().got(done.points_awarded));
  await draw();
}

function askToMend(date, calendar) {
  const { cards, points_cost: cost, left_this_month: left } = calendar.make_up;
  sheet(h("h2", {}, w().mendAsk(date)), h("p", { class: "soft" }, w().mendMore({ cards, cost, left })),
    button(w().mendDo, async () => {
      const done = await need("POST", "/checkins/make-ups", { moves: true, body: { date } });
      closeSheet();
      if (done) say(w().mended);
      await draw();
    }), button(w().cancel, closeSheet, "plain"));
}

async function entriesScreen() {
  const list = h("div", { class: "card rows" });
  const more = h("div");
  const load = async (cursor) => {
    const page = await need("GET", `/points/entries?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    if (!page) return;
    list.append(...page.items.map(entry));
    more.replaceChildren(...(page.next_cursor ? [button(w().more, () => load(page.next_cursor), "plain")] : []));
  };
  await load();
  return list.children.length ? [list, more] : [empty("entries", w().noEntries)];
}

function entry(one) {
  return h("details", { class: "entry" },
    h("summary", {},
      h("span", { class: "stack" }, h("span", {}, one.title), h("span", { class: "soft" }, one.occurred_at.slice(0, 16).replace("T", " "))),
      h("span", { class: "right" }, h("span", { class: one.points > 0 ? "plus" : "minus" }, (one.points > 0 ? "+" : "−") + number(Math.abs(one.points))), h("span", { class: "soft" }, w().balance(number(one.balance_after))))),
    h("div", { class: "why" }, explanation(one.explanation)));
}

function explanation(told) {
  const facts = Object.entries(told ?? {});
  if (!facts.length) return w().noWhy;
  return h("dl", {}, ...facts.flatMap(([name, value]) => [h("dt", {}, w().facts[name] ?? name), h("dd", {}, ...plainly(value))]));
}

// A fact as lines of text: a list one line an entry, an object its members side by side.
function plainly(value) {
  if (Array.isArray(value)) return value.map((one) => h("div", {}, ...plainly(one)));
  if (typeof value === "boolean") return [value ? w().yes : w().no];
  if (value === null || typeof value !== "object") return [w().values[value] ?? String(value ?? "–")];
  return [Object.entries(value).map(([name, inner]) => `${w().facts[name] ?? name} ${[plainly(inner)].flat().map((one) => one.textContent ?? one).join(" ")}`).join(" · ")];
}

const empty = (name, text, more) => h("div", { class: "empty" }, icon(name), h("p", {}, text), more && h("p", { class: "soft" }, more));
const messagesOf = async () => (await strings("GET", `messages?openid=${encodeURIComponent(person)}`)).items;

async function inboxScreen() {
  const items = await messagesOf();
  seen = Math.max(seen, ...items.map((one) => one.sent_at));
  keep("seen", String(seen));
  if (!items.length) return [empty("inbox", w().noMessages, w().noMessagesMore)];
  return items.map((one) => h("article", { class: "card message" },
    h("header", {}, h("h2", {}, one.title), h("span", { class: "soft" }, new Date(one.sent_at * 1000).toLocaleString(language === "zh" ? "zh-CN" : "en-GB", { dateStyle: "short", timeStyle: "short" }))),
    h("dl", {}, ...Object.values(one.fields).flatMap((item) => [h("dt", {}, item.label), h("dd", {}, item.value)])),
    h("footer", {}, h("span", {}, one.page ? w().open : w().sentOn), one.page && h("span", {}, "›"))));
}

async function mineScreen() {
  const me = await need("GET", "/members/me");
  if (!me) return [button(w().logout, () => leave(w().loggedOut), "plain")];
  const line = (label, value, onclick) => h(onclick ? "button" : "div", { class: "row", ...(onclick ? { onclick } : {}) }, h("span", {}, label), h("span", { class: "soft" }, value ?? w().unset));
  return [
    h("div", { class: "card" }, h("div", { class: "person" }, face(me.nickname ?? person), h("span", { class: "name" }, me.nickname ?? person), h("span", { class: "chip on" }, me.tier.name))),
    h("div", { class: "card rows" }, line(w().memberNo, me.member_no), line(w().joined, day(me.joined_at)), line(w().nickname, me.nickname, () => changeNickname(me)), line(w().phone, me.phone_masked, bindPhone)),
    h("div", { class: "card rows" }, line(w().subscribe, "", subscribe), line(w().exportData, "", exportData)),
    h("div", {}, button(w().logout, logOut, "plain"), button(w().logoutAll, logOutEverywhere, "plain"), button(w().close, askToClose, "danger")),
  ];
}

function changeNickname(me) {
  const input = field(w().nickname, { value: me.nickname ?? "", maxlength: 32 });
  sheet(h("h2", {}, w().nickname), input, button(w().save, async () => {
    const done = await need("PUT", "/members/me", { body: { nickname: input.querySelector("input").value.trim() } });
    closeSheet();
    if (done) say(w().saved);
    await draw();
  }), button(w().cancel, closeSheet, "plain"));
}

function bindPhone() {
  const input = field(w().phone, { value: "13800138000", inputmode: "numeric", maxlength: 11 });
  sheet(h("h2", {}, w().bindPhone), h("p", { class: "soft" }, w().bindAsk), input, button(w().bindDo, async () => {
    const phone = input.querySelector("input").value.trim();
    if (!/^\d{11}$/.test(phone)) return say(w().phoneBad);
    const { code } = await strings("POST", "phone-codes", { openid: person, phone });
    const done = await need("POST", "/members/me/phone", { body: { code } });
    closeSheet();
    if (done) say(w().bound);
    return draw();
  }), button(w().notNow, closeSheet, "plain"));
}

async function subscribe() {
  const { items } = await strings("GET", "templates");
  const choice = items.length
    ? h("label", { class: "field" }, h("span", {}, w().template), h("select", {}, ...items.map((one) => h("option", { value: one.template_id }, one.title))))
    : field(w().template, { value: kept("template") ?? "points_expiring", maxlength: 64 });
  const answer = (accept) => async () => {
    const templateId = choice.querySelector("input, select").value.trim();
    keep("template", templateId);
    const told = await strings("POST", "subscriptions", { openid: person, template_id: templateId, accept });
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
  else say(told.body?.title ?? w().awayMall);
}

function askToClose() {
  sheet(h("h2", {}, w().closeAsk), h("p", { class: "soft" }, w().closeMore), button(w().closeDo, async () => {
    const told = await ask("DELETE", "/members/me");
    closeSheet();
    if (told.status === 204) leave(w().closed);
    else say(told.body?.title ?? w().awayMall);
  }, "danger"), button(w().cancel, closeSheet, "plain"));
}

// Drawing

const SCREENS = { home: homeScreen, entries: entriesScreen, inbox: inboxScreen, mine: mineScreen };

async function drawTabs() {
  const unread = (await messagesOf()).filter((one) => one.sent_at > seen).length;
  $("tabs").replaceChildren(...Object.keys(SCREENS).map((name) =>
    h("button", { class: "tab", "aria-current": tab === name ? "page" : null, onclick: () => { tab = name; month = null; $("screen").scrollTop = 0; draw(); } },
      icon(name), h("span", {}, w()[name]), name === "inbox" && unread ? h("span", { class: "badge" }, String(unread)) : null)));
}

async function draw() {
  const mine = ++drawing;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = w().simulator;
  $("language").textContent = w().other;
  $("title").textContent = person ? w()[tab === "home" ? "app" : tab] : w().simulator;
  $("tabs").hidden = !person;
  if (!$("screen").children.length) $("screen").replaceChildren(h("p", { class: "empty" }, w().updating));
  let screen;
  try {
    screen = await (person ? SCREENS[tab] : loginScreen)();
    if (person) await drawTabs();
  } catch (error) {
    screen = [h("p", { class: "empty" }, error.message)];
  }
  if (mine !== drawing) return; // a later tap was faster
  const shown = screen.filter(Boolean);
  $("screen").replaceChildren(...(shown.length ? shown : [h("p", { class: "empty" }, w().awayMall)]));
}

$("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  draw();
  drawDrawer();
});
$("sheet-back").addEventListener("click", closeSheet);
document.addEventListener("keydown", (event) => event.key === "Escape" && closeSheet());
setInterval(() => { if (person && !document.hidden) drawTabs().catch(() => {}); }, 5000);
openDrawer(w, say);
draw();
