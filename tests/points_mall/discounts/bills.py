"""Bills and coupons for these tests, with sensible defaults."""

from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from hypothesis import strategies as st

from points_mall.coupons.errors import CouponNotUsable, CouponsNotCombinable
from points_mall.coupons.held import Held
from points_mall.coupons.states import State
from points_mall.coupons.terms import CouponTerms, Kind, Scope, Stacking
from points_mall.coupons.validity import Span, Validity
from points_mall.discounts.bill import Bill, BillLine, Priced
from points_mall.discounts.offers import ThresholdOffer
from points_mall.discounts.pricing import Shop, price
from tests.builders import SHANGHAI

SATURDAY = datetime(2026, 11, 21, 12, 0, tzinfo=SHANGHAI)
ALWAYS = Validity(Span.DAYS, days=30)


def bill(*amounts: int, **more: Any) -> Bill:
    """A bill of one line for each amount: sku `a` of category `A`, sku `b` of category `B`, …"""
    lines = tuple(
        BillLine(number + 1, chr(97 + number), chr(65 + number), 1, amount)
        for number, amount in enumerate(amounts)
    )
    return Bill(**{"lines": lines, "at": SATURDAY, "channel": "till", **more})


def terms(kind: Kind, **more: Any) -> CouponTerms:
    return CouponTerms(**{"kind": kind, "validity": ALWAYS, **more})


def held(terms: CouponTerms, code: str = "c1", template: str | None = None, **more: Any) -> Held:
    values = {
        "code": code,
        "template": template or f"t-{code}",
        "title_zh": "券",
        "title_en": "Coupon",
        "terms": terms,
        "valid_from": SATURDAY - timedelta(days=1),
        "valid_until": SATURDAY + timedelta(days=1),
        "state": State.UNUSED,
    }
    return Held(**{**values, **more})


def cash(
    amount: int, code: str = "c1", *, others: bool = True, itself: int = 1, **more: Any
) -> Held:
    stacking = Stacking(with_others=others, itself=itself)
    template = more.pop("template", None)
    made = terms(Kind.CASH, **{"amount_fen": amount, "stacking": stacking, **more})
    return held(made, code, template)


def by_trying_all(bill: Bill, coupons: list[Held], shop: Shop) -> int:
    """What the cheapest legal set comes to, found without any cleverness."""
    best = price(bill, (), shop).payable_fen
    for count in range(1, len(coupons) + 1):
        for some in combinations(coupons, count):
            try:
                best = min(best, price(bill, some, shop).payable_fen)
            except (CouponNotUsable, CouponsNotCombinable):
                continue
    return best


def adds_up(priced: Priced) -> None:
    """Every share and every step adds up, and nothing is below nothing."""
    taken = [0] * len(priced.bill.lines)
    for step in priced.steps:
        assert step.amount_fen > 0
        assert sum(step.shares) + step.shipping_share_fen == step.amount_fen
        assert min((*step.shares, step.shipping_share_fen)) >= 0
        taken = [so_far + share for so_far, share in zip(taken, step.shares, strict=True)]
    for line, off, payable in zip(priced.bill.lines, taken, priced.payable, strict=True):
        assert line.amount_fen - off == payable >= 0
    assert priced.payable_fen + priced.discount_fen == priced.bill.gross_fen
    assert sum(step.amount_fen for step in priced.steps) == priced.discount_fen


# ------------------------------------------------------------------ any bill, any coupon

CATEGORIES, SKUS = ("A", "B", "C"), ("a", "b", "c", "d", "e")


@st.composite
def any_bill(draw: st.DrawFn) -> Bill:
    lines = tuple(
        BillLine(
            number,
            draw(st.sampled_from(SKUS)),
            draw(st.sampled_from(CATEGORIES)),
            draw(st.integers(1, 4)),
            draw(st.integers(0, 3000)),
        )
        for number in range(1, draw(st.integers(1, 5)) + 1)
    )
    shipping = draw(st.sampled_from((0, 800)))
    has_own_price = draw(st.sampled_from((False, False, False, True)))
    return Bill(lines, SATURDAY, "till", shipping_fen=shipping, has_own_price=has_own_price)


_scopes = st.builds(
    Scope,
    categories=st.lists(st.sampled_from(CATEGORIES), max_size=2, unique=True).map(tuple),
    skus=st.lists(st.sampled_from(SKUS), max_size=2, unique=True).map(tuple),
    excluded_categories=st.sampled_from([(), (), (), ("C",)]),
)
_stackings = st.builds(
    Stacking,
    with_others=st.sampled_from((True, True, True, False)),
    itself=st.integers(1, 3),
    with_tier_discount=st.sampled_from((True, True, True, False)),
    with_offers=st.sampled_from((True, True, True, False)),
    with_points=st.booleans(),
)


@st.composite
def any_terms(draw: st.DrawFn) -> CouponTerms:
    kind = draw(st.sampled_from(Kind))
    values: dict[str, Any] = {
        "stacking": draw(_stackings),
        "threshold_fen": draw(st.sampled_from((0, 0, 500, 2000))),
        "scope": draw(_scopes),
    }
    if kind in {Kind.AMOUNT_OFF, Kind.CASH}:
        values["amount_fen"] = draw(st.integers(1, 1500))
        if kind is Kind.AMOUNT_OFF:
            values["threshold_fen"] = max(values["amount_fen"], values["threshold_fen"])
    elif kind is Kind.PERCENT_OFF:
        values["off_bp"] = draw(st.integers(1, 9999))
        values["most_fen"] = draw(st.sampled_from((None, 300)))
    elif kind is Kind.FREE_SHIPPING:
        values["most_fen"] = draw(st.sampled_from((None, 500)))
    elif kind is Kind.GIFT_ITEM:
        values["gift_sku"], values["units"] = draw(st.sampled_from(SKUS)), draw(st.integers(1, 2))
        values["threshold_fen"] = draw(st.integers(1, 1000))
    else:
        skus = draw(st.lists(st.sampled_from(SKUS), min_size=1, max_size=2, unique=True))
        values["scope"], values["units"] = Scope(skus=tuple(skus)), draw(st.integers(1, 2))
    return terms(kind, **values)


@st.composite
def any_coupons(draw: st.DrawFn, most: int = 6) -> list[Held]:
    made = draw(st.lists(any_terms(), min_size=1, max_size=4))
    picks = draw(st.lists(st.integers(0, len(made) - 1), min_size=1, max_size=most))
    return [
        held(
            made[pick],
            f"c{number:02d}",
            f"t{pick % 3}",
            valid_until=SATURDAY + timedelta(days=1 + number % 3),
        )
        for number, pick in enumerate(picks)
    ]


@st.composite
def any_shop(draw: st.DrawFn) -> Shop:
    levels = draw(st.sampled_from((((1000, 100),), ((800, 50), (2000, 300), (4000, 900)))))
    offer = ThresholdOffer("mj", "满减", "Offer", levels, draw(_scopes))
    offers = draw(st.sampled_from(((), (offer,))))
    ships_free = draw(st.sampled_from((False, False, True)))
    return Shop(draw(st.sampled_from((0, 500, 1200))), offers, ships_free=ships_free)
