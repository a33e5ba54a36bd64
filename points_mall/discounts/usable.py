"""Whether a coupon is taken on a bill, and why not. Pure."""

from points_mall.coupons.held import Held
from points_mall.coupons.states import State, as_read
from points_mall.coupons.terms import CouponTerms, Kind

from .bill import Bill, Left
from .plans import Plan, plan_of
from .reasons import Reason


def usable(coupon: Held, bill: Bill, before_coupons: Left) -> Reason | None:
    """Why a coupon by itself is not taken on a bill; None: it is.

    :param before_coupons: what is payable of each line, and of shipping, after what the tier and the
        shop's offers take, before any coupon. A threshold is judged on the sum over the lines in scope.
    """
    return refusal(plan_of(coupon, bill), bill, before_coupons)


def refusal(plan: Plan, bill: Bill, before_coupons: Left) -> Reason | None:
    """The same for a coupon whose plan is known."""
    terms = plan.coupon.terms
    return (
        _state(plan.coupon, bill)
        or _moment(terms, bill)
        or _place(terms, bill)
        or _goods(plan, bill, before_coupons)
    )


def _state(coupon: Held, bill: Bill) -> Reason | None:
    state = as_read(coupon.state, coupon.valid_until, bill.at)
    if state is not State.UNUSED:
        return Reason(state.value)
    return Reason("not_yet_valid") if bill.at < coupon.valid_from else None


def _moment(terms: CouponTerms, bill: Bill) -> Reason | None:
    validity, minute = terms.validity, bill.at.hour * 60 + bill.at.minute
    if bill.at.date() in validity.blackout:
        return Reason("blackout_day")
    if validity.weekdays and bill.at.isoweekday() not in validity.weekdays:
        return Reason("wrong_weekday")
    if validity.hours and not any(hours.include(minute) for hours in validity.hours):
        return Reason("wrong_hour")
    return None


def _place(terms: CouponTerms, bill: Bill) -> Reason | None:
    scope = terms.scope
    if scope.channels and bill.channel not in scope.channels:
        return Reason("wrong_channel")
    if scope.stores and bill.store not in scope.stores:
        return Reason("wrong_store")
    return None


def _goods(plan: Plan, bill: Bill, before_coupons: Left) -> Reason | None:
    terms = plan.coupon.terms
    takes_shipping = terms.kind is Kind.FREE_SHIPPING
    if not plan.counted or (bill.has_own_price and not takes_shipping):
        return Reason("nothing_in_scope")
    missing = terms.threshold_fen - plan.reached(before_coupons.lines)
    if missing > 0:
        return Reason("threshold_not_met", {"missing_fen": missing})
    if takes_shipping:
        return None if before_coupons.shipping else Reason("no_shipping")
    if not plan.lines:
        return Reason("gift_not_on_bill")
    return None if any(before_coupons.lines[at] for at in plan.lines) else Reason("nothing_left")
