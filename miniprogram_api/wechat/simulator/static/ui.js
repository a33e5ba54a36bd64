// The parts that screens are made of: toasts, sheets, buttons, tiles, countdowns.
import { $, h, icon } from "./dom.js";
import { kept, keep, shopNow, state, w } from "./state.js";

export const number = (value) => Number(value ?? 0).toLocaleString("en-US");
export const yuan = (fen) => `¥${(fen / 100).toFixed(fen % 100 ? 2 : 0)}`;
export const day = (moment) => moment.slice(0, 10);
export const minute = (moment) => moment.slice(5, 16).replace("T", " ");

let quiet;
export function say(text) {
  clearTimeout(quiet);
  $("toast").textContent = text;
  $("toast").hidden = false;
  quiet = setTimeout(() => { $("toast").hidden = true; }, 2600);
}

export function sheet(...children) {
  $("sheet").replaceChildren(...children.filter(Boolean));
  $("sheet").hidden = $("sheet-back").hidden = false;
  $("sheet").scrollTop = 0;
  ($("sheet").querySelector("input") ?? $("sheet").querySelector("button"))?.focus({ preventScroll: true });
}

export function closeSheet() {
  $("sheet").hidden = $("sheet-back").hidden = true;
}

export const button = (text, onclick, more = "", attributes = {}) => h("button", {
  class: `button ${more}`,
  ...attributes,
  onclick: async (event) => {
    const pressed = event.currentTarget;
    pressed.disabled = true; // one tap, one request
    try { await onclick(); } finally { pressed.disabled = false; }
  },
}, text);

export const field = (label, attributes) => h("label", { class: "field" }, h("span", {}, label), h("input", attributes));
export const chip = (text, more = "") => h("span", { class: `chip ${more}` }, text);
export const card = (more, ...children) => h("div", { class: `card ${more}` }, ...children);
export const empty = (name, text, more) => h("div", { class: "empty" }, icon(name), h("p", {}, text), more && h("p", { class: "soft" }, more));

export function face(name) {
  const hue = [...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 5;
  return h("span", { class: `face c${hue}`, "aria-hidden": "true" }, [...name][0]);
}

// A line of a list; with a way to go it is a button.
export const line = (label, value, onclick) => h(onclick ? "button" : "div", { class: "row", ...(onclick ? { onclick } : {}) },
  h("span", {}, label), h("span", { class: "soft" }, value ?? w().unset));

// The picture of a reward, or a tile with the first letters of its name where there is none.
export function picture(reward, more = "") {
  const hue = [...reward.title].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 6;
  const tile = h("div", { class: `picture h${hue} ${more}` }, h("span", { "aria-hidden": "true" }, [...reward.title].slice(0, 2).join("")));
  const path = reward.pictures?.find((one) => one.startsWith("/"));
  if (path) {
    const image = h("img", { alt: "", loading: "lazy", onload: () => tile.replaceChildren(image) });
    image.src = `/_sim/phone/picture?path=${encodeURIComponent(path)}`;
    tile.append(image);
  }
  return tile;
}

export function price(points, cashFen) {
  return h("span", { class: "price" }, points || !cashFen ? h("b", {}, number(points)) : null,
    points || !cashFen ? h("small", {}, w().pointsUnit) : null, cashFen ? h("span", { class: "cash" }, `${points ? "+ " : ""}${yuan(cashFen)}`) : null);
}

const two = (value) => String(value).padStart(2, "0");

// Boxes of hours, minutes and seconds until a moment; `tick` draws them anew and tells what is left.
export function countdown(moment) {
  const at = Date.parse(moment);
  const element = h("span", { class: "countdown", role: "timer" });
  const tick = () => {
    const left = Math.max(0, Math.ceil((at - shopNow()) / 1000));
    const days = Math.floor(left / 86400);
    const boxes = [Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60, left % 60].map(two);
    element.replaceChildren(...(days ? [h("span", { class: "days" }, w().daysLeft(days))] : []),
      ...boxes.flatMap((box, place) => [place ? ":" : "", h("b", {}, box)]));
    return left;
  };
  tick();
  return { element, tick };
}

// What the counter scans: the code as a picture, and in digits to read out.
export const pickupCode = (code) => h("div", { class: "pickup" },
  h("img", { src: `/_sim/phone/qr?text=${encodeURIComponent(code)}`, alt: `QR ${code}`, width: 168, height: 168 }),
  h("b", { class: "digits" }, code.replace(/(.{4})(?=.)/g, "$1 ")), h("span", { class: "soft" }, w().pickupMore));

const ADDRESS = { name: "小明", phone: "13800138000", region: "上海市 黄浦区", detail: "南京东路 1 号 3 楼" };

// Where it is sent; the phone remembers the last address of each person.
export function addressForm() {
  const last = JSON.parse(kept(`address:${state.person}`) ?? "null") ?? ADDRESS;
  const inputs = Object.keys(ADDRESS).map((name) => [name, field(w().address[name], { value: last[name], maxlength: name === "detail" ? 128 : 32, autocomplete: "off", ...(name === "phone" ? { inputmode: "tel" } : {}) })]);
  const read = () => {
    const given = Object.fromEntries(inputs.map(([name, element]) => [name, element.querySelector("input").value.trim()]));
    keep(`address:${state.person}`, JSON.stringify(given));
    return given;
  };
  return { element: h("div", { class: "address" }, ...inputs.map(([, element]) => element)), read };
}
