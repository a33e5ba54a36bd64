// So many points and no more.

import { field, h } from "../dom.js";
import { number } from "../money.js";
import { choose } from "../sale.js";
import { state } from "../state.js";
import { w } from "../words.js";
import { form, show } from "./dialog.js";

export function openPoints() {
  const most = state.quote?.points_most || state.customer?.member?.points.available || 0;
  const present = typeof state.usePoints === "number" ? state.usePoints : state.quote?.points_spent || "";
  const asked = form([
    h("p", { class: "soft-text" }, w.pointsMost(number(most))),
    field(w.pointsLabel, h("input", { name: "points", class: "digits", inputmode: "numeric", maxlength: 9, autocomplete: "off", value: present, autofocus: true })),
  ], w.ok, async ({ points }) => {
    if (!/^\d{1,9}$/.test(points) || Number(points) > most) throw new Error(w.pointsMost(number(most)));
    window.close();
    choose({ usePoints: Number(points) === 0 ? false : Number(points) });
  }, { id: "points", sentenceOf: (error) => error.message });
  const window = show(w.pointsTitle, asked, { id: "points-window" });
}
