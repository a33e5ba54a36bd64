// Why the wheel can be believed: the promise of the day, my draws, and a whole day recomputed here.
import { h, icon } from "../dom.js";
import { recompute } from "../fairness.js";
import { ask } from "../mall.js";
import { go, w } from "../state.js";
import { button } from "../ui.js";

const MOST_PAGES = 20; // of a hundred draws each

export function fairnessCard(wheel) {
  const told = wheel.fairness;
  const day = h("div");
  const fact = (label, value) => h("div", { class: "fact" }, h("span", { class: "soft" }, label), h("code", {}, value ?? "–"));
  yesterday(wheel, told.period).then((before) => before && day.replaceChildren(dayButton(wheel, before, day)));
  return h("section", { class: "card fairness" }, h("header", {}, h("h2", {}, icon("shield"), w().fairness), h("button", { class: "link", onclick: () => go("draws") }, `${w().titles.draws} ›`)),
    h("p", { class: "soft" }, w().fairnessMore), fact(w().algorithm, told.algorithm), fact(w().period, told.period), fact(w().commitment, told.commitment), day);
}

// The day before, if draws were made and its seed is out.
async function yesterday(wheel, period) {
  if (!period) return null;
  const date = new Date(`${period}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() - 1);
  const told = await ask("GET", `/wheels/${wheel.id}/fairness?day=${date.toISOString().slice(0, 10)}`);
  return told.status === 200 && told.body.seed_hex && told.body.draws ? told.body : null;
}

function dayButton(wheel, before, place) {
  return button(w().checkDay(before.period), async () => {
    const records = await everyDraw(wheel.id, before.period);
    const prizes = new Map(before.versions.map((one) => [one.version, one.prizes]));
    let wrong = before.draws === records.length ? 0 : Math.abs(before.draws - records.length);
    for (const record of records) {
      const found = await recompute({ ...record, wheel_id: before.wheel_id, seed_hex: before.seed_hex, commitment: before.commitment, prizes: prizes.get(record.version) });
      if (!found.right) wrong += 1;
    }
    place.replaceChildren(h("p", { class: wrong ? "verdict bad" : "verdict" }, icon("shield"), wrong ? w().dayWrong(wrong) : w().dayChecked(records.length, before.period)));
  }, "plain");
}

async function everyDraw(wheelId, period) {
  const found = [];
  let cursor = "";
  for (let page = 0; page < MOST_PAGES && cursor !== null; page += 1) {
    const told = await ask("GET", `/wheels/${wheelId}/fairness/draws?day=${period}&limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    if (told.status !== 200) break;
    found.push(...told.body.items);
    cursor = told.body.next_cursor;
  }
  return found;
}
