// My draws, and the proof of one of them.
import { h, icon } from "../dom.js";
import { recompute } from "../fairness.js";
import { need, paged } from "../mall.js";
import { go, noted, w } from "../state.js";
import { button, card, empty, minute, number } from "../ui.js";

export async function draws() {
  const list = h("div", { class: "card rows" });
  const more = h("div");
  await paged("/draws", row, list, more, (load) => button(w().more, load, "plain"));
  return list.children.length ? [list, more] : [empty("wheel", w().noDraws)];
}

function row(one) {
  const paid = one.paid_by === "points" ? `−${number(one.points)}` : w().paidBy[one.paid_by];
  return h("button", { class: "row", onclick: () => go(`proof/${one.draw_no}`) },
    h("span", { class: "stack" }, h("b", {}, one.prize.name), h("span", { class: "soft" }, `${one.wheel.title} · ${minute(one.created_at)}`)), h("span", { class: "soft" }, paid));
}

export async function proof(drawNo) {
  const told = await need("GET", `/draws/${encodeURIComponent(drawNo)}/proof`);
  if (!told) return [];
  const prize = told.prizes.find((one) => one.position === told.granted_position);
  const facts = { draw_index: told.draw_index, version: told.version, rule: w().ruleNames[told.rule], nonce: told.nonce, member_ref: told.member_ref, digest_hex: told.digest_hex, commitment: told.commitment, seed_hex: told.seed_hex, hash: told.hash };
  const verdict = h("div");
  return [
    card("proof-head", icon("shield"), h("h2", {}, prize?.name ?? String(told.granted_position)), h("p", { class: "soft" }, `${told.period} · ${told.draw_no}`)),
    told.seed_hex ? card("", button(w().recompute, async () => verdict.replaceChildren(...(await judged(told)))), verdict) : card("later", h("p", {}, w().seedLater)),
    h("section", { class: "card fairness" }, ...Object.entries(facts).filter(([, value]) => value !== null).map(([name, value]) =>
      h("div", { class: "fact" }, h("span", { class: "soft" }, w().proof[name]), h("code", {}, String(value))))),
  ];
}

// Each step of the recomputation, and what this phone noted when it drew.
async function judged(told) {
  const found = await recompute(told);
  const before = noted(told.draw_no);
  const promised = before && before.commitment === told.commitment && before.nonce === told.nonce;
  const step = (right, words) => h("li", { class: right ? "right" : "wrong" }, right ? `✓ ${words}` : `✗ ${words}：${w().stepsWrong}`);
  const right = found.right && (before === null || promised);
  return [
    h("ol", { class: "steps" }, step(found.agrees.commitment, w().steps.commitment), before && step(promised, w().steps.promised),
      step(found.agrees.digest, w().steps.digest), step(found.agrees.position, w().steps.position(found.number, found.total, found.position))),
    h("p", { class: right ? "verdict" : "verdict bad" }, icon("shield"), right ? w().allRight : w().notRight),
  ];
}
