"""A member's coupons as a cashier sees them: which are taken on this bill, and why the others not."""

from collections.abc import Collection, Sequence
from typing import Any

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.http.language import language
from points_mall.coupons.held import Held
from points_mall.coupons.holding import held_by
from points_mall.discounts.bill import Bill
from points_mall.discounts.legality import mode_of, not_combinable
from points_mall.discounts.plans import plan_of
from points_mall.discounts.pricing import before_coupons, in_order
from points_mall.discounts.reasons import Reason
from points_mall.discounts.usable import refusal
from points_mall.purchases.bills import MOST_FEN
from points_mall.purchases.prices import as_discounted, shop_of
from points_mall.purchases.states import TILL

from .pricing import amount_line

NEEDS_LIVE_CODE = "needs_live_code"


def cards(
    member_id: int, bill: Bill, chosen: Collection[str] = (), *, spends: bool = True
) -> list[dict[str, Any]]:
    """The member's coupons for a bill, those that are taken first, as plain JSON.

    :param chosen: the codes of those that are on the bill.
    """
    shop, held = shop_of(member_id), held_by(member_id)
    mine = [coupon for coupon in held if coupon.code in chosen]
    told = []
    for coupon in held:
        before = before_coupons(bill, mode_of([*mine, coupon]), shop)[0]
        reason = refusal(plan_of(coupon, bill), bill, before)
        if reason is None and coupon.code not in chosen:
            reason = _beside(mine, coupon, bill, before.lines)
        told.append(_told(coupon, reason, is_chosen=coupon.code in chosen, spends=spends))
    return sorted(told, key=lambda one: (not one["chosen"], not one["usable"]))


def cards_without_amount(
    member_id: int, store: str | None, *, spends: bool
) -> list[dict[str, Any]]:
    """The same before an amount is known: as on a bill that is as large as may be."""
    bill = as_discounted([amount_line(MOST_FEN)], TILL, store)
    return cards(member_id, bill, spends=spends)


def _beside(mine: Sequence[Held], coupon: Held, bill: Bill, before: Sequence[int]) -> Reason | None:
    """Why a coupon does not go with those on the bill; none are: it does."""
    if not mine:
        return None
    clash = not_combinable(in_order(plan_of(one, bill) for one in [*mine, coupon]), before)
    return None if clash is None else clash[1]


def _told(coupon: Held, reason: Reason | None, *, is_chosen: bool, spends: bool) -> dict[str, Any]:
    return {
        "code": coupon.code,
        "title": coupon.title(language()),
        "kind": coupon.terms.kind.value,
        "amount_fen": coupon.terms.amount_fen,
        "off_bp": coupon.terms.off_bp,
        "threshold_fen": coupon.terms.threshold_fen,
        "valid_until": in_shop_time(coupon.valid_until).isoformat(),
        "usable": spends and reason is None,
        "chosen": is_chosen,
        "reason": _why(reason) if spends else _needs_live_code(),
    }


def _why(reason: Reason | None) -> dict[str, Any] | None:
    if reason is None:
        return None
    return {**reason.as_json(), "text": reason.sentence(language())}


def _needs_live_code() -> dict[str, Any]:
    text = "Scan the live member code" if language() == "en" else "请扫动态会员码"
    return {"code": NEEDS_LIVE_CODE, "text": text}
