// What the phone remembers, and where in the mini-program the shopper is.
import { zh } from "./words/zh.js";
import { en } from "./words/en.js";

const dictionaries = { zh, en };

// What a mini-program keeps in wx.storage.
export const kept = (name) => sessionStorage.getItem(name);
export const keep = (name, value) => (value ? sessionStorage.setItem(name, value) : sessionStorage.removeItem(name));

// What must be there tomorrow, in whatever tab: what was noted of a draw before its seed was known.
export const note = (drawNo, facts) => localStorage.setItem(`draw:${drawNo}`, JSON.stringify(facts));
export const noted = (drawNo) => JSON.parse(localStorage.getItem(`draw:${drawNo}`) ?? "null");

export const state = {
  language: localStorage.getItem("language") ?? "zh",
  person: kept("person"),
  name: kept("name"),
  month: null, // of the calendar; null: the shop's current one
  seen: Number(kept("seen") ?? 0), // when the newest message that was looked at had been sent
  ahead: 0, // how many milliseconds the shop's clock is before ours
};

export const w = () => dictionaries[state.language];
export const locale = () => (state.language === "zh" ? "zh-CN" : "en");
export const tokenOf = (openid) => kept(`token:${openid}`);

export function takePhoneOf(openid, name) {
  [state.person, state.name] = [openid, name];
  keep("person", openid);
  keep("name", name);
}

// The shop's clock drives each countdown.
export const shopNow = () => Date.now() + state.ahead;
export function hearTime(serverTime) {
  if (serverTime) state.ahead = Date.parse(serverTime) - Date.now();
}

// Where we are: `#reward/12` is the screen "reward" with the argument "12".
export function here() {
  const [screen, ...rest] = location.hash.slice(1).split("/").map(decodeURIComponent);
  return { screen: screen || "home", argument: rest.join("/") };
}

let painter = async () => {};
export const paintWith = (paint) => { painter = paint; };
export const redraw = () => painter();
export function go(where) {
  if (location.hash === `#${where}`) return redraw();
  location.hash = where;
  return undefined;
}

// What ticks on the screen that is shown ends with it.
let timers = [];
export const every = (milliseconds, act) => timers.push(setInterval(() => document.hidden || act(), milliseconds));
export function stopTicking() {
  timers.forEach(clearInterval);
  timers = [];
}
