"""Coupons on a bill: what they take, who may use them, and that a refusal moves nothing."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.members import services as members
from points_mall.coupons import ending
from points_mall.coupons.errors import CouponNotUsable, CouponsNotCombinable, NoSuchCoupon
from points_mall.coupons.holding import Lock, Use, lock, use
from points_mall.coupons.terms import Kind, Scope, Stacking
from points_mall.coupons.validity import Span, Validity
from points_mall.discounts import offer_book
from points_mall.discounts.offers import ThresholdOffer
from points_mall.purchases import cancelling, placing, reconciling
from points_mall.purchases.bills import Asked, Item
from points_mall.purchases.facts import tender_reference
from points_mall.purchases.recording import record_purchase
from points_mall.wallet import plans
from tests.builders import shanghai
from tests.points_mall.coupons.conftest import coupon, give, history, state, template
from tests.services.wechat import Simulator

from .counter import Counter
from .shop import audited, moved, paid, points_of, purchase_with

LATTE, TEE = Item("latte"), Item("tee")
BOTH = (LATTE, TEE)
FULL_100 = ThresholdOffer("full100", "满100减10", "¥10 off from ¥100", ((100_00, 10_00),))


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return simulator.pay_settings()


def ten_off_fifty(**terms: Any) -> None:
    values = {"amount_fen": 1000, "threshold_fen": 5000, "title": "满50减10", **terms}
    template("fifty", Kind.AMOUNT_OFF, **values)


def passes(counter: Counter, to: Any) -> None:
    clock.set(to)
    counter.simulator.set_clock(now())


# ------------------------------------------------------------------ what they take


def test_a_coupon_is_quoted_locked_and_used(counter: Counter) -> None:
    ten_off_fifty()
    li = counter.shopper()
    [code] = give(li, "fifty")
    before = moved()
    quote = placing.quote(li, Asked(BOTH, coupons=(code,)))
    assert (quote["gross_fen"], quote["discount_fen"], quote["payable_fen"]) == (12090, 1000, 11090)
    assert moved() == before

    body = counter.buys(li, items=BOTH, coupons=(code,))
    assert body["explanation"]["price"] == {
        "gross_fen": 12090,
        "steps": [
            {
                "rule": "amount_off",
                "label_zh": "满50减10",
                "label_en": "Five yuan",
                "amount_fen": 1000,
                "shares": [181, 819],
                "shipping_share_fen": 0,
                "reference": code,
            }
        ],
        "payable": [2009, 9081],
        "shipping_fen": 0,
        "payable_fen": 11090,
        "coupons": [{"code": code, "took_fen": 1000}],
    }
    assert body["explanation"] == quote["explanation"]
    reference = tender_reference(body["purchase_no"])
    assert (state(code), coupon(code).locked_for) == ("locked", reference)
    assert audited() == []

    counter.hears(counter.is_paid(body["purchase_no"]))
    used = coupon(code)
    assert (used.state, used.used_for, used.took_fen) == ("used", reference, 1000)
    assert purchase_with(body["purchase_no"]).points_earned == 110
    assert audited() == []


def test_the_shop_s_offers_come_first_then_coupons(counter: Counter) -> None:
    offer_book.publish(FULL_100, actor="test")
    ten_off_fifty()
    li = counter.shopper()
    [code] = give(li, "fifty")
    quote = placing.quote(li, Asked(amount_fen=20000, coupons=(code,)))
    steps = [(step["rule"], step["amount_fen"]) for step in quote["explanation"]["price"]["steps"]]
    assert steps == [("threshold_offer", 1000), ("amount_off", 1000)]
    assert quote["payable_fen"] == 18000
    offer_book.end("full100", actor="test")
    assert placing.quote(li, Asked(amount_fen=20000))["explanation"].get("price") is None


def test_a_quote_tells_of_every_coupon_and_the_best_set(counter: Counter) -> None:
    ten_off_fifty()
    template("three", Kind.CASH, amount_fen=300, stacking=Stacking())
    template("huge", Kind.AMOUNT_OFF, amount_fen=5000, threshold_fen=50000)
    li = counter.shopper()
    [fifty], [three], [huge] = give(li, "fifty"), give(li, "three"), give(li, "huge")
    quote = placing.quote(li, Asked(BOTH, coupons=(three,)))
    told = [
        (one["code"], one["chosen"], one["usable"], one["takes_fen"]) for one in quote["coupons"]
    ]
    assert told == [
        (three, True, True, 300),
        (fifty, False, True, 1000),
        (huge, False, False, 0),
    ]
    assert quote["coupons"][2]["reason"] == {
        "code": "threshold_not_met",
        "missing_fen": 37910,
        "text": "未达到使用门槛",
    }
    assert quote["best_coupons"] == [fifty]
    best = placing.quote(li, Asked(BOTH, coupons=None))
    assert (best["payable_fen"], best["best_coupons"]) == (11090, [fifty])
    assert counter.buys(li, items=BOTH, coupons=None)["payable_fen"] == 11090
    assert (state(fifty), state(three)) == ("locked", "unused")


def test_what_a_coupon_pays_for_whole_is_bought_at_once(counter: Counter) -> None:
    template("coffee", Kind.EXCHANGE, scope=Scope(skus=("latte",)))
    li = counter.shopper()
    [code] = give(li, "coffee")
    body = counter.buys(li, items=(LATTE,), coupons=(code,))
    assert (body["status"], body["total_fen"], body["payable_fen"]) == ("paid", 0, 0)
    assert (state(code), coupon(code).took_fen) == ("used", 2190)
    assert audited() == []


def test_a_coupon_that_excludes_points_lets_none_pay(counter: Counter) -> None:
    template("alone", Kind.CASH, amount_fen=500, stacking=Stacking(with_points=False))
    li = counter.shopper(points=500)
    [code] = give(li, "alone")
    quote = placing.quote(li, Asked((LATTE,), most_points=None, coupons=(code,)))
    assert (quote["points_used"], quote["payable_fen"]) == (0, 1690)
    assert quote["explanation"]["points"] == {"points": 0, "fen": 0, "refused_by": "coupon"}


def test_points_and_coupons_pay_together_where_the_terms_allow_it(counter: Counter) -> None:
    ten_off_fifty()
    li = counter.shopper(points=300)
    [code] = give(li, "fifty")
    body = counter.buys(li, items=(TEE,), most_points=None, coupons=(code,))
    assert (body["discount_fen"], body["points_fen"], body["payable_fen"]) == (1000, 300, 8600)
    counter.hears(counter.is_paid(body["purchase_no"]))
    assert (state(code), points_of(li)) == ("used", (86, 0, 0))
    assert audited() == []


def test_a_new_version_of_the_template_changes_nothing_that_was_issued(counter: Counter) -> None:
    ten_off_fifty()
    li = counter.shopper()
    [old] = give(li, "fifty")
    ten_off_fifty(amount_fen=100, threshold_fen=9000)
    [new] = give(li, "fifty")
    assert placing.quote(li, Asked(BOTH, coupons=(old,)))["discount_fen"] == 1000
    assert placing.quote(li, Asked(BOTH, coupons=(new,)))["discount_fen"] == 100


# ------------------------------------------------------------------ refusals


def _used(code: str, li: int) -> None:
    with transaction():
        use([Use(li, code, "purchase:another", 1000)])


def _locked(code: str, li: int) -> None:
    with transaction():
        lock([Lock(li, code, "purchase:another")])


def _void(code: str, _li: int) -> None:
    ending.void([code], "a mistake", actor="test")


def _expired(_code: str, _li: int) -> None:
    clock.advance(timedelta(days=31))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(_used, "used"), (_locked, "locked"), (_void, "void"), (_expired, "expired")],
)
def test_a_coupon_that_is_gone_is_refused_and_nothing_moves(
    counter: Counter, spoil: Callable[[str, int], None], reason: str
) -> None:
    ten_off_fifty()
    li = counter.shopper(points=500)
    [code] = give(li, "fifty")
    spoil(code, li)
    counter.simulator.set_clock(now())
    before = moved()
    for act in (placing.quote, lambda who, asked: placing.place(who, counter.claim(who), asked)):
        with pytest.raises(CouponNotUsable) as refused:
            act(li, Asked(BOTH, most_points=None, coupons=(code,)))
        assert refused.value.numbers["reason"] == reason
    assert moved() == before
    assert counter.simulator.look("orders") == []


def test_what_the_bill_does_not_meet_is_refused_and_nothing_moves(counter: Counter) -> None:
    tomorrow = now().date() + timedelta(days=1)
    fixed = Validity(Span.DATES, tomorrow, tomorrow + timedelta(days=3))
    ten_off_fifty()
    template("soon", validity=fixed)
    template("shirts", scope=Scope(categories=("clothing",)))
    template("attill", scope=Scope(channels=("till",)))
    template("north", scope=Scope(stores=("north",)))
    template("weekday", validity=Validity(Span.DAYS, days=9, weekdays=(1, 2, 3)))
    template("lonely", Kind.CASH, amount_fen=100, stacking=Stacking())
    plans.put_plan("hundred", title="充100", pay_fen=10000, bonus_fen=0)
    li, mei = counter.shopper(), counter.shopper("o-mei")
    names = ("fifty", "soon", "shirts", "attill", "north", "weekday", "lonely")
    mine = {name: give(li, name)[0] for name in names}
    [hers] = give(mei, "fifty")
    before = moved()
    refusals: list[tuple[type[DomainError], str, dict[str, Any]]] = [
        (NoSuchCoupon, "", {"coupons": (hers,)}),
        (NoSuchCoupon, "", {"coupons": (mine["fifty"], "870000000000000000")}),
        (CouponNotUsable, "threshold_not_met", {"coupons": (mine["fifty"],)}),
        (CouponNotUsable, "not_yet_valid", {"coupons": (mine["soon"],)}),
        (CouponNotUsable, "nothing_in_scope", {"coupons": (mine["shirts"],)}),
        (CouponNotUsable, "wrong_channel", {"coupons": (mine["attill"],)}),
        (CouponNotUsable, "wrong_store", {"coupons": (mine["north"],), "store": "south"}),
        (CouponNotUsable, "wrong_weekday", {"coupons": (mine["weekday"],)}),
        (CouponsNotCombinable, "too_many_of_it", {"coupons": (mine["lonely"],) * 2}),
        (
            CouponsNotCombinable,
            "not_stackable",
            {"items": BOTH, "coupons": (mine["lonely"], mine["fifty"])},
        ),
        (
            CouponNotUsable,
            "nothing_in_scope",
            {"items": (), "plan": "hundred", "coupons": (mine["fifty"],)},
        ),
    ]
    for refusal, reason, asked in refusals:
        wanted = Asked(**{"items": (LATTE,), **asked})
        with pytest.raises(refusal) as quoted:
            placing.quote(li, wanted)
        with pytest.raises(refusal) as placed:
            placing.place(li, counter.claim(li), wanted)
        for refused in (quoted, placed):
            assert refused.value.numbers.get("reason", "") == reason
    assert moved() == before


def test_a_threshold_counts_what_is_left_after_the_shop_s_own_discounts(counter: Counter) -> None:
    offer_book.publish(FULL_100, actor="test")
    template("hundred", Kind.AMOUNT_OFF, amount_fen=500, threshold_fen=100_00)
    li = counter.shopper()
    [code] = give(li, "hundred")
    before = moved()
    with pytest.raises(CouponNotUsable) as refused:
        counter.buys(li, amount_fen=109_99, coupons=(code,))
    assert refused.value.numbers["reason"] == "threshold_not_met"
    assert refused.value.numbers["missing_fen"] == 1
    assert moved() == before
    assert counter.buys(li, amount_fen=110_00, coupons=(code,))["payable_fen"] == 95_00


def test_a_coupon_of_today_ends_at_the_shop_s_midnight(counter: Counter) -> None:
    template("today", validity=Validity(Span.SAME_DAY))
    li = counter.shopper()
    [code] = give(li, "today")
    passes(counter, shanghai("2026-11-21 23:59") + timedelta(seconds=59))
    assert placing.quote(li, Asked((LATTE,), coupons=(code,)))["discount_fen"] == 500
    passes(counter, shanghai("2026-11-22 00:00"))
    with pytest.raises(CouponNotUsable) as refused:
        placing.quote(li, Asked((LATTE,), coupons=(code,)))
    assert refused.value.numbers["reason"] == "expired"


# ------------------------------------------------------------------ how a payment ends


def test_what_was_locked_before_midnight_is_used_after_it(counter: Counter) -> None:
    template("today", validity=Validity(Span.SAME_DAY))
    li = counter.shopper()
    [code] = give(li, "today")
    passes(counter, shanghai("2026-11-21 23:58"))
    body = counter.buys(li, items=(LATTE,), coupons=(code,))
    passes(counter, shanghai("2026-11-22 00:05"))
    counter.hears(counter.is_paid(body["purchase_no"]))
    assert (purchase_with(body["purchase_no"]).status, state(code)) == ("paid", "used")
    assert audited() == []


def test_a_payment_that_times_out_unlocks(counter: Counter) -> None:
    ten_off_fifty()
    li = counter.shopper(points=500)
    [code] = give(li, "fifty")
    body = counter.buys(li, items=BOTH, most_points=None, coupons=(code,))
    passes(counter, now() + timedelta(minutes=15))
    assert reconciling.reconcile() == 1
    assert purchase_with(body["purchase_no"]).status == "closed"
    assert (state(code), points_of(li)) == ("unused", (500, 0, 0))
    assert history(code) == ["issued", "locked", "unlocked"]
    assert audited() == []
    again = counter.buys(li, items=BOTH, coupons=(code,))
    assert (again["payable_fen"], state(code)) == (11090, "locked")


def test_who_lets_a_purchase_be_has_the_coupon_back(counter: Counter) -> None:
    ten_off_fifty()
    li = counter.shopper()
    [code] = give(li, "fifty")
    body = counter.buys(li, items=BOTH, coupons=(code,))
    cancelling.cancel(li, counter.claim(li), body["purchase_no"])
    assert state(code) == "unused"
    assert audited() == []


def test_what_is_paid_too_late_uses_no_coupon(counter: Counter) -> None:
    ten_off_fifty()
    li = counter.shopper()
    [code] = give(li, "fifty")
    body = counter.buys(li, items=BOTH, coupons=(code,))
    passes(counter, now() + timedelta(minutes=15))
    reconciling.reconcile()
    other = counter.buys(li, items=BOTH, coupons=(code,))
    answer = record_purchase(paid(body["purchase_no"], 11090))
    assert answer.outcome == "late"
    assert coupon(code).locked_for == tender_reference(other["purchase_no"])
    assert audited() == []


def test_a_member_who_leaves_frees_the_coupon_and_what_comes_then_goes_back(
    counter: Counter,
) -> None:
    ten_off_fifty()
    li = counter.shopper()
    [code] = give(li, "fifty")
    body = counter.buys(li, items=BOTH, coupons=(code,))
    members.close_account(li)
    assert state(code) == "void"
    assert record_purchase(paid(body["purchase_no"], 11090)).outcome == "late"
    assert state(code) == "void"
    assert audited() == []


def test_a_repeat_uses_no_second_coupon(counter: Counter) -> None:
    ten_off_fifty()
    li = counter.shopper()
    [code] = give(li, "fifty")
    asked = {"items": BOTH, "coupons": (code,)}
    first = counter.buys(li, "one-intention", **asked)
    before = moved()
    assert counter.buys(li, "one-intention", **asked) == first
    assert moved() == before


def test_of_64_purchases_at_once_one_has_the_coupon(counter: Counter, app: Flask) -> None:
    ten_off_fifty()
    li = counter.shopper()
    [code] = give(li, "fifty")
    ready, answers = threading.Barrier(16), []

    def buy() -> None:
        with app.app_context():
            ready.wait()
            for _ in range(4):
                try:
                    answers.append(counter.buys(li, items=BOTH, coupons=(code,))["purchase_no"])
                except DomainError as refusal:
                    answers.append((refusal.code, refusal.numbers["reason"]))
            db.session.remove()

    threads = [threading.Thread(target=buy) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [won] = [answer for answer in answers if isinstance(answer, str)]
    assert len(answers) == 64
    assert {answer for answer in answers if answer != won} == {("coupon_not_usable", "locked")}
    assert coupon(code).locked_for == tender_reference(won)
    counter.hears(counter.is_paid(won))
    assert coupon(code).used_for == tender_reference(won)
    assert audited() == []
