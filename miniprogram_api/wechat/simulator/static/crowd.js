// A crowd of invented shoppers at the gate of a running flash sale.
import { h } from "./dom.js";
import { locale, redraw } from "./state.js";
import { strings, wxRequest } from "./wire.js";

const SIZES = [20, 50, 100, 200];

let people = 100;
let chosen = null;
let running = false;
let last = null;

async function sales() {
  const told = await wxRequest("GET", "/api/v1/flash-sales", { language: locale() });
  const items = told.status === 200 ? told.body.items : [];
  return items.filter((one) => one.state === "running").flatMap((one) => one.items.map((item) => ({ ...item, sale_id: one.id })));
}

const leftOf = async (itemId) => (await sales()).find((one) => one.id === itemId)?.remaining ?? 0;

export async function crowdPanel(w, draw) {
  const items = await sales();
  if (!items.length) return [h("p", { class: "soft" }, w.crowdMore), h("p", { class: "empty" }, w.crowdNone)];
  const item = items.find((one) => one.id === chosen) ?? items[0];
  return [
    h("p", { class: "soft" }, w.crowdMore),
    h("div", { class: "choices" }, h("label", {}, w.crowdItem, h("select", { onchange: (event) => { chosen = event.target.value; last = null; draw(); } },
      ...items.map((one) => h("option", { value: one.id, selected: one.id === item.id }, `${one.title} · ${one.points_price} · ${w.left(one.remaining)}`))))),
    h("div", { class: "choices" }, ...SIZES.map((size) => h("label", {}, h("input", { type: "radio", name: "people", checked: people === size, onchange: () => { people = size; } }), w.crowdPeopleOf(size)))),
    h("button", { class: "button", disabled: running, onclick: () => letIn(item, w, draw) }, running ? w.crowdRunning : w.crowdGo),
    last && report(last, w),
  ].filter(Boolean);
}

async function letIn(item, w, draw) {
  running = true;
  draw();
  try {
    const before = await leftOf(item.id);
    const told = await strings("POST", "crowd", { sale_id: item.sale_id, item_id: item.id, people, delivery: item.fulfilment === "delivery" });
    await new Promise((done) => { setTimeout(done, 1200); }); // the list of sales may be a second old
    last = { ...told, before, after: await leftOf(item.id), title: item.title };
  } catch (error) {
    last = { error: error.message };
  } finally {
    running = false;
    draw();
    redraw();
  }
}

function report(told, w) {
  if (told.error) return h("p", { class: "bust" }, told.error);
  const share = (count) => `${Math.max(1, Math.round((100 * count) / told.people))}%`;
  return h("div", { class: "report" }, h("h2", {}, `${told.title}：${w.crowdTold(told)}`),
    ...Object.entries(told.outcomes).sort(([one]) => (one === "won" ? -1 : 1)).map(([name, count]) => h("div", { class: "report-line" }, h("span", {}, w.outcomes[name] ?? name), h("span", { class: "track" }, h("span", { class: `fill ${name}`, style: { width: share(count) } })), h("b", {}, String(count)))),
    h("p", { class: "soft" }, `${w.crowdStock(told.before, told.after)} · ${w.crowdTimes(told)}`));
}
