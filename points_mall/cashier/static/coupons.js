// Choosing among a member's coupons. Pure. `null` is what the server proposes, [] is none.

const INSTEAD = ["not_stackable", "too_many_of_it", "better_without"]; // taken alone, not beside those chosen

// The coupons that stand to choose from: as quoted for this amount, or as scanned.
export const couponsOf = ({ quote, customer }) => (quote?.coupons?.length ? quote.coupons : customer?.member?.coupons ?? []);

export const mayChoose = (coupon) => coupon.usable || coupon.chosen || INSTEAD.includes(coupon.reason?.code);

// What a tap on a coupon chooses: it goes, it joins the others, or it takes their place.
export function tapped(coupon, chosen) {
  if (chosen.includes(coupon.code)) return chosen.filter((code) => code !== coupon.code);
  return coupon.usable ? [...chosen, coupon.code] : [coupon.code];
}

// ↑ and ↓ walk through: the best combination, each coupon alone, none.
export function stepped(coupons, present, step) {
  const choices = [null, ...coupons.filter(mayChoose).map((coupon) => [coupon.code]).sort(), []];
  const place = choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(present));
  return choices[(Math.max(place, 0) + step + choices.length) % choices.length];
}
