// The words of coupons and drops, in Chinese.
export const couponsZh = {
  couponWays: { mine: "我的券", drops: "整点抢券", shop: "积分换券" },
  couponStates: { locked: "使用中或已送出", used: "已使用", expired: "已过期", void: "已作废" },
  giveIt: "转赠", takeBack: "收回", tookItBack: "已收回", giftReady: "发给好友", giftMore: (m) => `把这串口令发给好友，${m} 前领取有效；只能领一次。`, copyIt: "复制口令", copied: "已复制",
  giftOrCode: "好友口令或兑换码", giftOrCodeMore: "粘贴好友的口令，或输入兑换码", takeIt: "领取", couponHere: "券已到账",
  noDrops: "暂无抢券活动", noDropsMore: "每天定点限量，敬请期待", seeCoupons: "查看我的券", noExchanges: "暂无可换的券",
  useCoupons: "优惠券", couponsUsable: (n) => `${n} 张可用`, noneUsable: "暂无可用", takeBest: "用最优惠的组合", isBest: "已是最优惠的组合", takesOff: (m) => `可减 ${m}`, missing: (m) => `，还差 ${m}`,
  offCoupons: "共优惠", notWithPoints: "所用优惠券不可与积分同用",
};
