// Where the member stands: the tier with its benefits and the next one, and the wallet.
import { h, icon } from "../dom.js";
import { ask } from "../mall.js";
import { go, w } from "../state.js";
import { card, chip, day, number, yuan } from "../ui.js";

// Two cards, of those that this shop has.
export async function standing() {
  const [tier, wallet] = await Promise.all([ask("GET", "/tiers/mine"), ask("GET", "/wallet")]);
  return [tier.status === 200 ? tierCard(tier.body) : null, wallet.status === 200 ? walletCard(wallet.body) : null].filter(Boolean);
}

function tierCard({ tier, growth, next, keep_until: until }) {
  const reached = next ? growth.value / Math.max(1, growth.value + next.needs) : 1;
  const shown = (value) => (growth.basis === "amount" ? yuan(value) : number(value));
  const fill = h("span", { class: "fill" });
  fill.style.width = `${Math.round(reached * 100)}%`;
  return card(`tier-card t-${tier.code}`,
    h("header", {}, h("h2", {}, `${tier.name} · ${tier.card}`), h("span", { class: "soft" }, until ? w().heldUntil(day(until)) : w().tierCard)),
    h("div", { class: "track" }, fill),
    h("p", { class: "soft" }, `${w().growth} ${shown(growth.value)} · ${next ? w().toNext(shown(next.needs), next.name) : w().topTier}`),
    h("div", { class: "chips" }, ...benefits(tier.benefits)));
}

function benefits({ discount_bp: off, points_multiplier_bp: times, free_shipping: isFree }) {
  return [
    off ? chip(w().benefitOff((10000 - off) / 1000), "gold") : null,
    times !== 10000 ? chip(w().benefitTimes(times / 10000), "gold") : null,
    isFree ? chip(w().benefitShip, "gold") : null,
  ].filter(Boolean);
}

function walletCard(wallet) {
  return card("wallet-card", h("span", { class: "wallet-icon" }, icon("wallet")),
    h("span", { class: "stack" }, h("b", {}, `${w().wallet} ${yuan(wallet.balance_fen)}`),
      h("span", { class: "soft" }, wallet.balance_fen ? `${w().principal} ${yuan(wallet.principal_fen)} · ${w().bonus} ${yuan(wallet.bonus_fen)}` : w().noWallet, wallet.debt_fen ? h("span", { class: "red" }, ` · ${w().debtFen} ${yuan(wallet.debt_fen)}`) : null)),
    h("button", { class: "link", onclick: () => go("pay/plan") }, w().topUp));
}
