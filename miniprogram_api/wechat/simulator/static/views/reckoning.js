// Why a bill came to what it did, and why it earned what it earned: a sentence a step.
import { h } from "../dom.js";
import { state, w } from "../state.js";
import { number, yuan } from "../ui.js";

const percent = (bp) => `${bp / 100}%`;
const times = (bp) => `×${bp / 10000}`;

export function reckoning(told) {
  const { price, points, wallet, plan, earned } = told ?? {};
  const steps = [
    ...(price?.steps ?? []).map((step) => [state.language === "zh" ? step.label_zh : step.label_en, `−${yuan(step.amount_fen)}`]),
    points?.refused_by && [w().pointsPaid, w().notWithPoints],
    points && !points.refused_by && [w().pointsPaid, w().exchange(number(points.points), yuan(points.fen), points.points_per_yuan) + (points.is_capped ? w().cappedAt(percent(points.cap_bp)) : "")],
    wallet && [w().walletPaid, w().principalOf(yuan(wallet.fen), yuan(wallet.principal_fen))],
    plan && [w().ways.plan, w().planTold({ pay: yuan(plan.pay_fen), bonus: plan.bonus_fen ? yuan(plan.bonus_fen) : null })],
    ...(earned ? earning(earned) : []),
  ].filter(Boolean);
  return h("div", { class: "why" }, steps.length ? h("dl", {}, ...steps.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])) : w().noWhy);
}

function earning(earned) {
  const rule = earned.version === null || earned.version === undefined ? w().noRule : w().ruleOf(earned.version);
  return [
    ...(earned.lines ?? []).map((line) => [line.category, lineOf(line)]),
    earned.tier_multiplier_bp !== 10000 && earned.tier_multiplier_bp ? [w().tierCard, times(earned.tier_multiplier_bp)] : null,
    earned.exact ? [w().facts.rounding ?? w().rounding, `${earned.exact} → ${number(earned.rounded)} (${w().roundings[earned.rounding] ?? earned.rounding})`] : null,
    ...(earned.caps ?? []).map((cap) => [w().capName, w().capOf(w().periods[cap.period] ?? cap.period, number(cap.most))]),
    earned.cashback ? [w().cashback, `${percent(earned.cashback.rate_bp)} → ${yuan(earned.cashback.fen)}`] : null,
    [w().pointsEarned, `${w().outcomesOfEarning[earned.outcome] ?? earned.outcome} · ${rule}`],
  ];
}

function lineOf(line) {
  if (!line.rate) return `${yuan(line.amount_fen)} → 0`;
  const campaigns = line.multiplier_bp !== 10000 ? ` ${times(line.multiplier_bp)} (${line.campaigns.join(", ")})` : "";
  return `${yuan(line.amount_fen)} · ${w().rateOf(line.rate.points, yuan(line.rate.per_fen))}${campaigns} → ${number(line.points)}`;
}
