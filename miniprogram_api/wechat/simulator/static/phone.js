// The shopper's phone: the screens of the mini-program, and the way between them.
import { $, h, icon } from "./dom.js";
import { draw as drawDrawer, openDrawer } from "./drawer.js";
import { messagesOf } from "./mall.js";
import { go, here, paintWith, redraw, state, stopTicking, w } from "./state.js";
import { closeSheet, empty, say } from "./ui.js";
import { draws, proof } from "./views/draws.js";
import { code } from "./views/code.js";
import { coupons } from "./views/coupons.js";
import { home } from "./views/home.js";
import { inbox } from "./views/inbox.js";
import { login } from "./views/login.js";
import { mall } from "./views/mall.js";
import { me } from "./views/me.js";
import { order, orders } from "./views/orders.js";
import { pay } from "./views/pay.js";
import { points } from "./views/points.js";
import { purchase, purchases } from "./views/purchases.js";
import { reward } from "./views/reward.js";
import { sale } from "./views/sale.js";
import { wheel } from "./views/wheel.js";

// Each screen, and the one that "back" leads to; those without are tabs.
const SCREENS = {
  home: [home], mall: [mall], pay: [pay], sale: [sale], wheel: [wheel], me: [me],
  reward: [reward, "mall"], orders: [orders, "me"], order: [order, "orders"], draws: [draws, "wheel"], proof: [proof, "draws"],
  purchases: [purchases, "me"], purchase: [purchase, "purchases"], points: [points, "home"], inbox: [inbox, "me"], code: [code, "home"], coupons: [coupons, "me"],
};
const TABS = Object.keys(SCREENS).filter((name) => !SCREENS[name][1]);

let drawing = 0;
let shownAt = null;

const tabOf = (screen) => (SCREENS[screen][1] ? tabOf(SCREENS[screen][1]) : screen);

async function drawTabs(screen) {
  const unread = (await messagesOf()).filter((one) => one.sent_at > state.seen).length;
  $("tabs").replaceChildren(...TABS.map((name) =>
    h("button", { class: "tab", "aria-current": tabOf(screen) === name ? "page" : null, onclick: () => { state.month = null; go(name); } },
      icon(name), h("span", {}, w().tabs[name]), name === "me" && unread ? h("span", { class: "badge" }, String(unread)) : null)));
}

function drawBar(screen) {
  document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
  document.title = w().simulator;
  $("language").textContent = w().other;
  $("title").textContent = state.person ? w().titles[screen] : w().simulator;
  $("back").hidden = !state.person || !SCREENS[screen][1];
  $("back").setAttribute("aria-label", w().back);
  $("tabs").hidden = !state.person;
  $("phone").dataset.screen = state.person ? screen : "login";
}

async function made(screen, argument) {
  try {
    const [told] = await Promise.all([state.person ? SCREENS[screen][0](argument) : login(), state.person ? drawTabs(screen) : null]);
    return Array.isArray(told) ? { nodes: told } : told;
  } catch (error) {
    return { nodes: [h("p", { class: "empty" }, error.message)] };
  }
}

async function draw() {
  const mine = ++drawing;
  const where = here();
  const screen = SCREENS[where.screen] ? where.screen : "home";
  const place = `${state.person}/${screen}/${where.argument}`;
  drawBar(screen);
  if (place !== shownAt) $("screen").replaceChildren(h("div", { class: "waiting", "aria-label": w().updating }, h("i"), h("i"), h("i")));
  const { nodes, live } = await made(screen, where.argument);
  if (mine !== drawing) return; // a later tap was faster
  stopTicking();
  const shown = nodes.filter(Boolean);
  $("screen").replaceChildren(...(shown.length ? shown : [empty("home", w().nothing)]));
  if (place !== shownAt) $("screen").scrollTop = 0;
  shownAt = place;
  live?.();
}

$("language").addEventListener("click", () => {
  state.language = state.language === "zh" ? "en" : "zh";
  localStorage.setItem("language", state.language);
  redraw();
  drawDrawer();
});
$("back").addEventListener("click", () => go(SCREENS[here().screen]?.[1] ?? "home"));
$("sheet-back").addEventListener("click", closeSheet);
document.addEventListener("keydown", (event) => event.key === "Escape" && closeSheet());
addEventListener("hashchange", () => { closeSheet(); redraw(); });
setInterval(() => { if (state.person && !document.hidden) drawTabs(SCREENS[here().screen] ? here().screen : "home").catch(() => {}); }, 5000);
paintWith(draw);
openDrawer(w, say);
redraw();
