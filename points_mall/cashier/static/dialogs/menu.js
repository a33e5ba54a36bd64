// What is not needed at each sale.

import { button, h, icon } from "../dom.js";
import { prefer, preferences } from "../preferences.js";
import { w } from "../words.js";
import { show } from "./dialog.js";

const toggle = (name, label) => {
  const element = button([label, h("i", { class: "knob", "aria-hidden": "true" })], () => {
    prefer(name, !preferences[name]);
    element.setAttribute("aria-checked", String(preferences[name]));
  }, { class: "option", role: "switch", "aria-checked": String(preferences[name]), "data-prefer": name });
  return element;
};

const paper = () => h("div", { class: "option" }, w.paper, h("span", { class: "ways" }, [58, 80].map((width) => {
  const element = button(w.paperWidth(width), () => {
    prefer("paper", width);
    for (const other of element.parentElement.children) other.setAttribute("aria-pressed", String(other === element));
  }, { class: "switch", "aria-pressed": String(preferences.paper === width) });
  return element;
})));

export function openMenu(acts) {
  const door = (name, label, act, id) => button([icon(name), label], () => {
    window.close();
    act();
  }, { class: "door", id });
  const window = show(w.more, [
    h("div", { class: "doors" },
      door("box", w.pickUp, acts.pickUp, "menu-pick-up"), door("refund", w.refundTitle, acts.refund, "menu-refund"),
      door("shift", w.shift, acts.shift, "menu-shift"), door("cloud", w.queue, acts.queue, "menu-queue"), door("lock", w.pinTitle, acts.pin, "menu-pin")),
    toggle("sound", w.sound), toggle("voice", w.voice), toggle("autoPrint", w.autoPrint), paper(),
    h("div", { class: "ways ends" },
      h("a", { class: "soft", href: `?lang=${w.otherTag}`, id: "language" }, w.language),
      button(w.signOut, acts.signOut, { class: "soft", id: "sign-out" })),
  ], { id: "menu-window" });
}
