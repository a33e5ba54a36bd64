"""The best legal set of coupons, compared with trying them all."""

import time
from datetime import timedelta

from hypothesis import given, settings

from points_mall.coupons.held import Held
from points_mall.coupons.terms import Kind, Scope, Stacking
from points_mall.discounts.bill import Bill
from points_mall.discounts.choosing import best_combination
from points_mall.discounts.pricing import Shop

from .bills import (
    SATURDAY,
    adds_up,
    any_bill,
    any_coupons,
    any_shop,
    bill,
    by_trying_all,
    cash,
    held,
    terms,
)


def test_one_strong_coupon_beats_two_weak_ones_and_the_other_way_round() -> None:
    coupons = [cash(700, "strong", others=False), cash(300, "a"), cash(300, "b")]
    best = best_combination(bill(5000), coupons)
    assert (best.codes, best.priced.payable_fen) == (("strong",), 4300)
    assert {code: reason.code for code, reason in best.others.items()} == {
        "a": "not_stackable",
        "b": "not_stackable",
    }
    best = best_combination(bill(5000), [*coupons, cash(300, "c")])
    assert (best.codes, best.priced.payable_fen) == (("a", "b", "c"), 4100)


def test_losing_the_tier_discount_must_be_worth_it() -> None:
    stacking = Stacking(with_tier_discount=False)
    coupon = held(terms(Kind.PERCENT_OFF, off_bp=1200, stacking=stacking))
    best = best_combination(bill(10000), [coupon], Shop(1000))
    assert (best.codes, best.priced.payable_fen) == (("c1",), 8800)
    best = best_combination(bill(10000), [coupon], Shop(1500))
    assert (best.codes, best.priced.payable_fen) == ((), 8500)
    assert best.others["c1"].code == "better_without"


def test_what_takes_nothing_off_stays_in_the_members_hand() -> None:
    coupons = [cash(1000, f"c{number}") for number in range(5)]
    best = best_combination(bill(2500), coupons)
    assert (len(best.codes), best.priced.payable_fen) == (3, 0)
    assert {reason.code for reason in best.others.values()} == {"better_without"}


def test_of_equal_coupons_those_that_end_first_are_used_first() -> None:
    made = terms(Kind.CASH, amount_fen=500, stacking=Stacking(itself=2))
    coupons = [
        held(made, f"c{days}", "five", valid_until=SATURDAY + timedelta(days=days))
        for days in (4, 1, 3, 2)
    ]
    best = best_combination(bill(5000), coupons)
    assert best.codes == ("c1", "c2")
    assert {reason.code for reason in best.others.values()} == {"too_many_of_it"}


def test_why_each_of_the_others_is_not_used() -> None:
    coupons = [
        cash(500, "good"),
        cash(900, "other", scope=Scope(skus=("z",))),
        held(terms(Kind.AMOUNT_OFF, amount_fen=900, threshold_fen=9000), "far"),
        cash(900, "past", others=True),
    ]
    coupons[3] = held(coupons[3].terms, "past", valid_until=SATURDAY)
    best = best_combination(bill(5000), coupons)
    assert best.codes == ("good",)
    assert {code: reason.as_json() for code, reason in best.others.items()} == {
        "other": {"code": "nothing_in_scope"},
        "far": {"code": "threshold_not_met", "missing_fen": 4000},
        "past": {"code": "expired"},
    }


def test_no_coupons_is_no_coupons() -> None:
    best = best_combination(bill(5000), [])
    assert (best.codes, best.priced.payable_fen, best.others) == ((), 5000, {})


def test_a_template_that_was_changed_leaves_its_coupons_different() -> None:
    old = cash(800, "old", template="t")
    new = cash(500, "new", template="t")
    best = best_combination(bill(5000), [new, old])
    assert (best.codes, best.priced.payable_fen) == (("old",), 4200)
    assert best.others["new"].code == "too_many_of_it"


@settings(deadline=None, max_examples=400)
@given(any_bill(), any_coupons(), any_shop())
def test_nothing_legal_is_cheaper(a_bill: Bill, coupons: list[Held], shop: Shop) -> None:
    best = best_combination(a_bill, coupons, shop)
    adds_up(best.priced)
    assert best.is_proven
    assert best.priced.payable_fen == by_trying_all(a_bill, coupons, shop)
    assert set(best.codes) | set(best.others) == {coupon.code for coupon in coupons}
    for code in best.codes:
        assert best.priced.taken_by(code) > 0 or best.priced.discount_fen > 0


def test_thirty_coupons_take_a_moment() -> None:
    kinds = (
        terms(Kind.CASH, amount_fen=500, stacking=Stacking(with_others=True, itself=3)),
        terms(Kind.PERCENT_OFF, off_bp=1000, most_fen=3000, stacking=Stacking(with_others=True)),
        terms(Kind.AMOUNT_OFF, amount_fen=2000, threshold_fen=10000),
        terms(Kind.CASH, amount_fen=800, scope=Scope(categories=("A", "B")),
              stacking=Stacking(with_others=True, itself=2)),
        terms(Kind.AMOUNT_OFF, amount_fen=1500, threshold_fen=9000, scope=Scope(skus=("b", "c")),
              stacking=Stacking(with_others=True, with_tier_discount=False)),
    )  # fmt: skip
    coupons = [held(kinds[number % 5], f"c{number:02d}", f"t{number % 5}") for number in range(30)]
    a_bill = bill(9900, 12900, 4500, 19900, shipping_fen=800)
    begun = time.process_time()
    best = best_combination(a_bill, coupons, Shop(500))
    assert time.process_time() - begun < 0.1  # 20 ms on a quiet machine; this one may be busy
    assert best.is_proven
    assert best.priced.payable_fen == by_trying_all(a_bill, _few_of_each(coupons), Shop(500))


def _few_of_each(coupons: list[Held]) -> list[Held]:
    """As many of each template as may be on one bill: more are never legal."""
    kept: list[Held] = []
    for coupon in coupons:
        used = sum(one.template == coupon.template for one in kept)
        if used < coupon.terms.stacking.itself:
            kept.append(coupon)
    return kept
