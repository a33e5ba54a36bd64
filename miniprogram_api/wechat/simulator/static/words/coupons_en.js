// The words of coupons and drops, in English.
export const couponsEn = {
  couponWays: { mine: "Mine", drops: "Drops", shop: "For points" },
  couponStates: { locked: "in a purchase or offered", used: "used", expired: "expired", void: "void" },
  giveIt: "Give", takeBack: "Take back", tookItBack: "It is yours again", giftReady: "Send it to a friend", giftMore: (m) => `Send your friend these words. They are good until ${m}, once.`, copyIt: "Copy", copied: "Copied",
  giftOrCode: "A friend's gift, or a code", giftOrCodeMore: "Paste the gift, or type the code", takeIt: "Take it", couponHere: "The coupon is yours",
  noDrops: "No drops now", noDropsMore: "So many each day, at a fixed hour", seeCoupons: "See my coupons", noExchanges: "No coupons for points now",
  useCoupons: "Coupons", couponsUsable: (n) => `${n} can be used`, noneUsable: "none to use", takeBest: "Take the best set", isBest: "This is the best set", takesOff: (m) => `takes ${m} off`, missing: (m) => `: ${m} short`,
  offCoupons: "Taken off", notWithPoints: "the coupon does not go with points",
};
