// A member by the last four digits of the phone: earns only.

import { button, field, h } from "../dom.js";
import { overLine } from "../line.js";
import { welcome } from "../sale.js";
import { sentenceOf } from "../troubles.js";
import { w } from "../words.js";
import { get } from "../wire.js";
import { form, show } from "./dialog.js";

function found(items, close) {
  if (items.length === 0) return h("p", { class: "soft-text", id: "nobody" }, w.nobody);
  return items.map((item) => button([h("b", {}, item.name_masked), h("span", {}, item.phone_masked), h("span", { class: `tier ${item.tier.code ?? ""}` }, item.tier.name ?? item.tier)], async () => {
    const customer = await overLine(() => get(`/pos/scans/${item.scan_id}`));
    close();
    welcome(customer);
  }, { class: "choice" }));
}

export function openLookUp() {
  const list = h("div", { class: "choices", id: "found" });
  const asked = form([
    h("p", { class: "note" }, w.lookUpMore),
    field(w.last4, h("input", { name: "last4", class: "digits", inputmode: "numeric", maxlength: 4, autocomplete: "off", autofocus: true })),
  ], w.search, async ({ last4 }) => {
    if (!/^\d{4}$/.test(last4)) throw new Error(w.last4);
    const { items } = await overLine(() => get(`/pos/members?phone_last4=${last4}`));
    list.replaceChildren(...[found(items, window.close)].flat());
    list.querySelector("button")?.focus();
  }, { id: "look-up", sentenceOf });
  const window = show(w.lookUpTitle, [asked, list], { id: "look-up-window" });
}
