"""Demo data: a coupon of every kind, and gifts for newcomers and birthdays."""

from datetime import timedelta

from miniprogram_api.core.clock import today
from miniprogram_api.demo.seeds import Seeding
from points_mall.grants.rewards import Reward

from . import occasions
from .granting import COUPON
from .templates import Draft, publish, templates_with
from .terms import Audience, CouponTerms, Kind, Limits, Policy, Restore, Scope, Stacking
from .validity import Hours, Span, Validity

ACTOR = "demo"
MONTH = Validity(Span.DAYS, days=30)
STACKS = Stacking(with_others=True)


def seed(seeding: Seeding) -> None:
    """Templates that wheels, tiers, drops and members can use; what is there already stays."""
    drafts = _drafts()
    known = templates_with(draft.code for draft in drafts)
    fresh = [draft for draft in drafts if draft.code not in known]
    seeding.expect(len(fresh))
    for draft in fresh:
        publish(draft, actor=ACTOR)
        seeding.advance()
    if not occasions.rewards_on("welcome"):
        occasions.publish("welcome", [Reward(COUPON, 1, "welcome20")], actor=ACTOR)
        occasions.publish("birthday", [Reward(COUPON, 1, "birthday88")], actor=ACTOR)


def _drafts() -> list[Draft]:
    return [
        Draft("full50off10", "满50减10元券", "¥10 off from ¥50",
              CouponTerms(Kind.AMOUNT_OFF, MONTH, amount_fen=1000, threshold_fen=5000,
                          stacking=STACKS, giftable=True, points_price=200,
                          restore=Restore(Policy.BY_SHARE), limits=Limits(per_day=3))),
        Draft("welcome20", "新人满99减20券", "Welcome: ¥20 off from ¥99",
              CouponTerms(Kind.AMOUNT_OFF, Validity(Span.DAYS, days=14), amount_fen=2000,
                          threshold_fen=9900, audience=Audience(new_within_days=30))),
        Draft("birthday88", "生日88折券", "Birthday: 12% off",
              CouponTerms(Kind.PERCENT_OFF, MONTH, off_bp=1200, most_fen=10000,
                          stacking=Stacking(with_tier_discount=False))),
        *(_birthday(off_yuan, from_yuan) for off_yuan, from_yuan in ((20, 100), (50, 100), (100, 200))),
        Draft("monthly50", "每月满200减50券", "¥50 off from ¥200, each month",
              CouponTerms(Kind.AMOUNT_OFF, MONTH, amount_fen=5000, threshold_fen=20000,
                          audience=Audience(named_only=True))),
        Draft("cash5", "5元代金券", "¥5 voucher",
              CouponTerms(Kind.CASH, MONTH, amount_fen=500, giftable=True, points_price=120,
                          stacking=Stacking(with_others=True, itself=3),
                          restore=Restore(Policy.BY_SHARE, extend_days=7))),
        Draft("freeship", "包邮券", "Free shipping",
              CouponTerms(Kind.FREE_SHIPPING, MONTH, most_fen=1000, stacking=STACKS,
                          points_price=60)),
        Draft("lunchcoffee", "工作日午间咖啡兑换券", "A coffee at lunch, on weekdays",
              CouponTerms(Kind.EXCHANGE, Validity(Span.DAYS, days=7, weekdays=(1, 2, 3, 4, 5),
                                                  hours=(Hours(11 * 60, 14 * 60),)),
                          scope=Scope(skus=("coffee",)), stacking=STACKS)),
        Draft("drop10", "整点抢10元券", "The hour's ¥10 voucher",
              CouponTerms(Kind.CASH, Validity(Span.SAME_DAY), amount_fen=1000,
                          limits=Limits(per_day=1), restore=Restore(Policy.NEVER))),
        Draft("lastseason", "去年的满减券", "Last year's coupon",
              CouponTerms(Kind.AMOUNT_OFF, Validity(Span.DATES, today() - timedelta(days=400),
                                                    today() - timedelta(days=30)),
                          amount_fen=1000, threshold_fen=5000), is_listed=False),
    ]  # fmt: skip


def _birthday(off_yuan: int, from_yuan: int) -> Draft:
    """What a tier's members get for their birthday; the ladder names it."""
    return Draft(
        f"birthday{off_yuan}",
        f"生日满{from_yuan}减{off_yuan}券",
        f"Birthday: ¥{off_yuan} off from ¥{from_yuan}",
        CouponTerms(
            Kind.AMOUNT_OFF,
            MONTH,
            amount_fen=off_yuan * 100,
            threshold_fen=from_yuan * 100,
            audience=Audience(named_only=True),
        ),
    )
