"""From gross to payable: the steps in their declared order. Pure.

Every step looks at what is still payable of the lines in its scope and takes no more than that. Its
amount is rounded down to the fen and divided over those lines by largest remainder, in the measure of
what is still payable of each, so that the shares add up and a refund of a line knows its part.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from miniprogram_api.core.shares import allot
from points_mall.coupons.errors import CouponNotUsable, CouponsNotCombinable
from points_mall.coupons.held import Held
from points_mall.coupons.terms import WHOLE_BP, Kind

from .bill import Bill, Left, Priced, Step, all_of
from .legality import Mode, mode_of, not_combinable
from .offers import ThresholdOffer
from .plans import Plan, plan_of
from .taking import take
from .usable import refusal

TIER, OFFER, TIER_SHIPPING = "tier_discount", "threshold_offer", "tier_free_shipping"
ORDER: tuple[str, ...] = (
    TIER,
    OFFER,
    TIER_SHIPPING,
    Kind.PERCENT_OFF.value,
    Kind.AMOUNT_OFF.value,
    Kind.CASH.value,
    Kind.GIFT_ITEM.value,
    Kind.EXCHANGE.value,
    Kind.FREE_SHIPPING.value,
)
"""The declared order. Points as cash and the wallet pay what is left; they are no part of the price.

Among coupons of one kind, the one that covers fewer lines comes first, then by template, end and code.
"""


@dataclass(frozen=True)
class Shop:
    """What the shop itself takes off: what the member's tier brings, and its threshold offers."""

    tier_discount_bp: int = 0
    offers: tuple[ThresholdOffer, ...] = ()
    tier_label_zh: str = "会员等级折扣"
    tier_label_en: str = "Tier discount"
    ships_free: bool = False


def price(bill: Bill, coupons: Sequence[Held] = (), shop: Shop | None = None) -> Priced:
    """The price of a bill with exactly these coupons.

    :raises CouponNotUsable: one of them is not taken on this bill.
    :raises CouponsNotCombinable: they are not taken together.
    """
    shop = shop or Shop()
    before, steps = before_coupons(bill, mode_of(coupons), shop)
    _refuse_twice(coupons)
    plans = in_order([plan_of(coupon, bill) for coupon in coupons])
    for plan in plans:
        if (reason := refusal(plan, bill, before)) is not None:
            raise CouponNotUsable(
                f"coupon {plan.coupon.code}: {reason.sentence('en')}",
                coupon=plan.coupon.code,
                reason=reason.code,
                **reason.numbers,
            )
    if (clash := not_combinable(plans, before.lines)) is not None:
        coupon, why = clash
        raise CouponsNotCombinable(
            f"coupon {coupon.code}: {why.sentence('en')}", coupon=coupon.code, reason=why.code
        )
    return with_coupons(bill, before, steps, plans)


def _refuse_twice(coupons: Sequence[Held]) -> None:
    codes = Counter(coupon.code for coupon in coupons)
    for code, count in codes.items():
        if count > 1:
            raise CouponsNotCombinable(
                f"coupon {code} is named {count} times", coupon=code, reason="too_many_of_it"
            )


def before_coupons(bill: Bill, mode: Mode, shop: Shop) -> tuple[Left, list[Step]]:
    """What the shop itself takes off, before any coupon."""
    left, steps = all_of(bill), list[Step]()
    if not bill.has_own_price:
        left, steps = _off_lines(bill, left, mode, shop)
    if shop.ships_free and left.shipping:
        nothing = (0,) * len(left.lines)
        labels = f"{shop.tier_label_zh}包邮", f"{shop.tier_label_en}: free shipping"
        steps += [Step(TIER_SHIPPING, *labels, left.shipping, nothing, left.shipping)]
        left = left._replace(shipping=0)
    return left, steps


def _off_lines(bill: Bill, left: Left, mode: Mode, shop: Shop) -> tuple[Left, list[Step]]:
    """The discount of the tier, then each offer."""
    steps: list[Step] = []
    everything = range(len(bill.lines))
    if mode.has_tier_discount and shop.tier_discount_bp:
        off = sum(left.lines) * shop.tier_discount_bp // WHOLE_BP
        labels = shop.tier_label_zh, shop.tier_label_en
        left, step = _off(left, tuple(everything), off, TIER, labels, "")
        steps += step
    for offer in shop.offers if mode.has_offers else ():
        if not offer.is_taken(bill.store, bill.channel):
            continue
        lines = [
            at
            for at in everything
            if offer.scope.covers(bill.lines[at].category, bill.lines[at].sku)
        ]
        off = offer.off(sum(left.lines[at] for at in lines))
        labels = offer.title_zh, offer.title_en
        left, step = _off(left, tuple(lines), off, OFFER, labels, offer.code)
        steps += step
    return left, steps


def in_order(plans: Iterable[Plan]) -> list[Plan]:
    """The coupons in the order in which they are applied."""
    return sorted(plans, key=_place)


def with_coupons(
    bill: Bill, before: Left, shop_steps: Sequence[Step], plans: Sequence[Plan]
) -> Priced:
    """The price, once it is known that the coupons are taken together."""
    left, steps = before, list(shop_steps)
    for plan in plans:
        left, step = take(left, plan)
        steps += step
    may_use_points = all(plan.coupon.terms.stacking.with_points for plan in plans)
    return Priced(bill, tuple(steps), left.lines, left.shipping, may_use_points)


def _place(plan: Plan) -> tuple[int, int, str, float, str]:
    coupon = plan.coupon
    rank = ORDER.index(coupon.terms.kind.value)
    return rank, len(plan.lines), coupon.template, coupon.valid_until.timestamp(), coupon.code


def _off(
    left: Left,
    lines: tuple[int, ...],
    off: int,
    rule: str,
    labels: tuple[str, str],
    reference: str,
) -> tuple[Left, list[Step]]:
    weights = [left.lines[at] if at in lines else 0 for at in range(len(left.lines))]
    amount = min(off, sum(weights))
    if amount <= 0:
        return left, []
    shares = tuple(allot(amount, weights))
    return left.less(shares), [Step(rule, *labels, amount, shares, 0, reference)]
