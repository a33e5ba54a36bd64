// The drawer's page of payment notices: what the mall is told, how it answers; held back and sent again.
import { h } from "./dom.js";
import { strings } from "./wire.js";

const SHOWN = 50;

export async function noticesPanel(w, redraw) {
  const { items, hold } = await strings("GET", "notices");
  const turn = async () => { await strings("POST", "notices/hold", { hold: !hold }); redraw(); };
  return [
    h("p", { class: "soft" }, w.noticesMore),
    h("label", { class: "choices" }, h("input", { type: "checkbox", checked: hold, onchange: turn }), w.holdNotices),
    ...(items.length ? items.slice(-SHOWN).reverse().map((one) => notice(one, w, redraw)) : [h("p", { class: "empty" }, w.noNotices)]),
    h("button", { class: "button plain", onclick: redraw }, w.lookAgain),
  ];
}

function notice(one, w, redraw) {
  const mood = one.state === "delivered" ? "ok" : one.state === "queued" || one.state === "held" ? "oops" : "bust";
  const send = async () => { await strings("POST", `notices/${one.notice_id}/send`, {}); redraw(); };
  return h("details", { class: "call" },
    h("summary", {}, h("span", { class: mood }, w.noticeStates[one.state]), h("span", {}, `×${one.tries}`), h("span", { title: one.event_type }, one.event_type), h("span", { class: "soft" }, one.answers.at(-1) ?? "–")),
    h("pre", { tabindex: "0" }, JSON.stringify({ path: one.path, resource: one.resource, answers: one.answers }, null, 2)),
    h("button", { class: "button plain", onclick: send }, w.sendAgain));
}
