"""What comes off a member's bill: tier discount, threshold offers, coupons. Nothing is written.

One code for quotes, purchases and the till.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from miniprogram_api.core.clock import in_shop_time, now, shop_zone
from miniprogram_api.http.language import language
from points_mall.coupons.errors import CouponNotUsable, NoSuchCoupon
from points_mall.coupons.holding import held_by
from points_mall.discounts import bill as discounts
from points_mall.discounts import pricing
from points_mall.discounts.choosing import best_combination
from points_mall.discounts.offer_book import offers_at
from points_mall.discounts.pricing import Shop
from points_mall.discounts.reasons import Reason
from points_mall.discounts.showing import Shown, shown
from points_mall.tiers.services import tier_of

from .bills import Asked, Bill
from .facts import PaidLine
from .states import WECHAT_PAY


@dataclass(frozen=True)
class Price:
    """A bill with its price, and the coupons on it."""

    priced: discounts.Priced
    shop: Shop
    coupons: tuple[str, ...] = ()

    def explanation(self) -> dict[str, Any]:
        """Every step, and what each coupon took: kept with the purchase, and used when it is paid."""
        coupons = [{"code": code, "took_fen": self.priced.taken_by(code)} for code in self.coupons]
        return {**self.priced.explanation(), "coupons": coupons}


def price_for(member_id: int, bill: Bill, asked: Asked) -> Price | None:
    """What a member's bill comes to; None: it has a price of its own, from which nothing comes off.

    :raises NoSuchCoupon: a coupon is another member's.
    :raises CouponNotUsable: a coupon is not taken on this bill; `CouponsNotCombinable`: not together.
    """
    if bill.takes_discount or bill.shipping_fen:
        goods = as_discounted(bill.lines, WECHAT_PAY, asked.store)
        has_own_price = not bill.takes_discount
        told = replace(goods, shipping_fen=bill.shipping_fen, has_own_price=has_own_price)
        return price_of(member_id, told, asked.coupons)
    for code in asked.coupons or ():
        raise CouponNotUsable(
            f"coupon {code}: it is for goods", coupon=code, reason="nothing_in_scope"
        )
    return None


def price_of(member_id: int, bill: discounts.Bill, codes: Sequence[str] | None) -> Price:
    """The same for a bill as `discounts` takes it.

    :param codes: exactly these coupons; None: those with which the member pays least.
    """
    shop = shop_of(member_id)
    if codes is None:
        best = best_combination(bill, held_by(member_id), shop)
        return Price(best.priced, shop, best.codes)
    mine = {coupon.code: coupon for coupon in held_by(member_id, codes)} if codes else {}
    for code in codes:
        if code not in mine:
            raise NoSuchCoupon("no coupon of yours has this number", coupon=code)
    priced = pricing.price(bill, [mine[code] for code in codes], shop)
    return Price(priced, shop, tuple(codes))


def as_discounted(lines: Iterable[PaidLine], channel: str, store: str | None) -> discounts.Bill:
    """Lines as `discounts` takes them, at this moment by the shop's clock."""
    told = tuple(
        discounts.BillLine(number, line.sku, line.category, line.quantity, line.amount_fen)
        for number, line in enumerate(lines, start=1)
    )
    return discounts.Bill(told, now().astimezone(shop_zone()), channel, store)


def shop_of(member_id: int) -> Shop:
    """What the shop itself takes off for a member now."""
    tier = tier_of(member_id)
    gives = tier.benefits
    names = tier.name_zh, tier.name_en
    return Shop(gives.discount_bp, offers_at(now()), *names, ships_free=gives.free_shipping)


def offered(member_id: int, price: Price | None, asked: Asked) -> dict[str, Any]:
    """The member's coupons on a bill as plain JSON, and the best that can be done with them.

    Those on the bill come first, then those that take most, then those that are not taken.
    """
    if price is None:
        return {"coupons": [], "best_coupons": []}
    bill, held = price.priced.bill, held_by(member_id)
    best = price.coupons
    if asked.coupons is not None:
        best = best_combination(bill, held, price.shop).codes
    found = [shown(coupon, bill, price.shop) for coupon in held]
    told = [_card(one, price) for one in found]
    ranked = sorted(told, key=lambda one: (not one["chosen"], not one["usable"], -one["takes_fen"]))
    return {"coupons": ranked, "best_coupons": list(best)}


def _card(one: Shown, price: Price) -> dict[str, Any]:
    coupon = one.coupon
    is_chosen = coupon.code in price.coupons
    return {
        "code": coupon.code,
        "title": coupon.title(language()),
        "kind": coupon.terms.kind.value,
        "threshold_fen": coupon.terms.threshold_fen,
        "valid_until": in_shop_time(coupon.valid_until).isoformat(),
        "usable": one.reason is None,
        "chosen": is_chosen,
        "takes_fen": price.priced.taken_by(coupon.code) if is_chosen else one.takes_fen,
        "reason": _why(one.reason),
    }


def _why(reason: Reason | None) -> dict[str, Any] | None:
    if reason is None:
        return None
    return {**reason.as_json(), "text": reason.sentence(language())}
