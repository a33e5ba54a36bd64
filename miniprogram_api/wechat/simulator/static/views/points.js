// Every movement of points, and why.
import { h } from "../dom.js";
import { paged } from "../mall.js";
import { w } from "../state.js";
import { button, empty, minute, number } from "../ui.js";

export async function points() {
  const list = h("div", { class: "card rows" });
  const more = h("div");
  await paged("/points/entries", entry, list, more, (load) => button(w().more, load, "plain"));
  return list.children.length ? [list, more] : [empty("points", w().noEntries)];
}

function entry(one) {
  return h("details", { class: "entry" },
    h("summary", {},
      h("span", { class: "stack" }, h("span", {}, one.title), h("span", { class: "soft" }, minute(one.occurred_at))),
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
