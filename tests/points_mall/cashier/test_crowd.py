"""Many at once at the counter: one code, one receipt, one coupon, one claim, one approval."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import canonical_json, db
from miniprogram_api.core.errors import DomainError
from miniprogram_api.repeats.records import Claim
from miniprogram_api.staff.sessions import Present
from points_mall.cashier import pickups, quotes, receipts, refunds, sales, scans, shifts, tills
from points_mall.cashier.goods_back import WantedLine
from points_mall.cashier.models import Scan, Shift, TillRefund, TillSale, UsedMemberCode
from points_mall.cashier.pricing import Asked, amount_line
from points_mall.cashier.refunds import Wanted
from points_mall.cashier.tills import Counter as Place
from points_mall.purchases.facts import PaidLine
from tests.points_mall.purchases.shop import audited, points_of
from tests.together import all_at_once

from .desk import coupon_of, coupon_state, live_code, person, shopper
from .test_pickups import redeemed_by

CROWD = 64


@pytest.fixture
def app_settings() -> dict[str, object]:
    """No pace of scans: the crowd is what is tested."""
    return {"TILL_SCANS_PER_SECOND": 0, "TILL_MEMBER_SALES_PER_DAY": 0, "DATABASE_POOL_SIZE": 8}


@pytest.fixture
def places(mall: Flask) -> list[Place]:
    """Two tills, each with somebody behind it."""
    return [place(number) for number in (1, 2)]


def place(number: int) -> Place:
    staff_id = person(f"cashier{number}", "cashier")
    staff = Present(staff_id, 0, f"cashier{number}", "x", "cashier", None, has_second_factor=False)
    return tills.counter_of(f"T{number}", staff)


def kinds(answers: Sequence[Any]) -> Counter[str]:
    return Counter(one.code if isinstance(one, DomainError) else "done" for one in answers)


def count(model: Any) -> int:
    db.session.rollback()
    return int(db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0)


def quote(at: Place, member: int | None, fen: int, **wish: Any) -> int:
    scan_id = None if member is None else scans.scan(at, live_code(member)).id
    asked = Asked((amount_line(fen),), **wish)
    return int(quotes.quote(at, scan_id, asked)["quote_id"])


def sell(at: Place, quote_id: int, receipt_no: str, key: str) -> Any:
    claim = Claim(f"staff:{at.staff.staff_id}", key, f"{quote_id}:{receipt_no}")
    return sales.sell(at, claim, quote_id=quote_id, receipt_no=receipt_no, tender="cash")


def test_sixty_four_scans_of_one_code_at_two_tills_have_one_winner(
    mall: Flask, places: list[Place]
) -> None:
    code = live_code(shopper())
    answers = all_at_once(
        mall, [partial(scans.scan, places[number % 2], code) for number in range(CROWD)]
    )
    assert kinds(answers) == {"done": 1, "code_used": CROWD - 1}
    assert (count(UsedMemberCode), count(Scan)) == (1, 1)


def test_the_same_receipt_at_once_is_one_sale(mall: Flask, places: list[Place]) -> None:
    member = shopper(points=1000)
    quote_id = quote(places[0], member, 5000, most_points=None)
    answers = all_at_once(
        mall,
        [partial(sell, places[0], quote_id, "R-1", f"crowd-{number}") for number in range(CROWD)],
    )
    assert kinds(answers) == {"done": CROWD}
    assert len({canonical_json(one.answer.body) for one in answers}) == 1
    assert Counter(one.is_repeat for one in answers) == {False: 1, True: CROWD - 1}
    assert (count(TillSale), count(Shift)) == (1, 1)
    assert points_of(member) == (40, 0, 0)
    assert audited() == []


def test_one_scan_serves_one_of_many_sales(mall: Flask, places: list[Place]) -> None:
    member = shopper()
    scan_id = scans.scan(places[0], live_code(member)).id
    asked = Asked((amount_line(1000),))
    found = [int(quotes.quote(places[0], scan_id, asked)["quote_id"]) for _ in range(16)]
    answers = all_at_once(
        mall,
        [partial(sell, places[0], one, f"R-{one}", f"crowd-{one}") for one in found],
    )
    assert kinds(answers) == {"done": 1, "scan_over": 15}
    assert points_of(member) == (10, 0, 0)


def test_one_coupon_is_used_at_one_of_two_tills(mall: Flask, places: list[Place]) -> None:
    member = shopper()
    coupon_of(member)
    found = [quote(at, member, 12000) for at in places]
    answers = all_at_once(
        mall,
        [partial(sell, at, one, "R-1", "crowd-key") for at, one in zip(places, found, strict=True)],
    )
    assert kinds(answers) == {"done": 1, "quote_changed": 1}
    assert points_of(member) == (105, 0, 0)
    assert audited() == []


def test_points_are_spent_once_at_two_tills(mall: Flask, places: list[Place]) -> None:
    member = shopper(points=1000)
    found = [quote(at, member, 2000, most_points=None) for at in places]
    answers = all_at_once(
        mall,
        [partial(sell, at, one, "R-1", "crowd-key") for at, one in zip(places, found, strict=True)],
    )
    assert kinds(answers) == {"done": 1, "quote_changed": 1}
    assert points_of(member) == (10, 0, 0)
    assert audited() == []


def test_a_receipt_is_claimed_by_one_of_many(mall: Flask, places: list[Place]) -> None:
    sold = sell(places[0], quote(places[0], None, 5000), "R-1", "sale-key")
    members = [shopper(phone=None) for _ in range(16)]
    answers = all_at_once(
        mall,
        [
            partial(
                receipts.claim,
                one,
                Claim(f"member:{one}", "claim-key", "x"),
                sold.answer.body["receipt_code"],
            )
            for one in members
        ],
    )
    assert kinds(answers) == {"done": 1, "receipt_claimed": 15}
    assert sum(points_of(one)[0] for one in members) == 50
    assert audited() == []


def test_refunds_at_once_never_give_back_more_than_was_paid(
    mall: Flask, places: list[Place]
) -> None:
    member = shopper()
    sold = sell(places[0], quote(places[0], member, 1000), "R-1", "sale-key")

    def part(number: int) -> Any:
        at = places[number % 2]
        key = Claim(f"staff:{at.staff.staff_id}", f"crowd-{number}", "x")
        return refunds.refund(at, key, sold.answer.body["sale_no"], Wanted("x", 150))

    answers = all_at_once(mall, [partial(part, number) for number in range(16)])
    assert kinds(answers) == {"done": 6, "refund_too_large": 10}
    assert count(TillRefund) == 6
    assert points_of(member) == (1, 0, 0)
    assert audited() == []


def test_each_of_the_goods_comes_back_once_at_two_tills(mall: Flask, places: list[Place]) -> None:
    goods = (PaidLine("拿铁", 3000, quantity=3), PaidLine("蛋糕", 1000))
    quote_id = int(quotes.quote(places[0], None, Asked(goods))["quote_id"])
    sale_no = sell(places[0], quote_id, "R-1", "sale-key").answer.body["sale_no"]

    def cup(number: int) -> Any:
        at = places[number % 2]
        key = Claim(f"staff:{at.staff.staff_id}", f"crowd-{number}", "x")
        return refunds.refund(at, key, sale_no, Wanted("x", lines=[WantedLine(1, 1)]))

    answers = all_at_once(mall, [partial(cup, number) for number in range(16)])
    assert kinds(answers) == {"done": 3, "line_given_back": 13}
    assert db.session.scalar(sa.select(sa.func.sum(TillRefund.value_fen))) == 3000
    assert audited() == []


def test_what_a_coupon_paid_for_whole_is_refunded_once_at_two_tills(
    mall: Flask, places: list[Place]
) -> None:
    member = shopper()
    coupon = coupon_of(member, off_fen=1500, threshold_fen=1500)
    sold = sell(places[0], quote(places[0], member, 1500, coupons=None), "R-1", "sale-key")

    def whole(number: int) -> Any:
        at = places[number % 2]
        key = Claim(f"staff:{at.staff.staff_id}", f"crowd-{number}", "x")
        return refunds.refund(at, key, sold.answer.body["sale_no"], Wanted("x"))

    answers = all_at_once(mall, [partial(whole, number) for number in range(16)])
    assert kinds(answers) == {"done": 1, "bad_refund": 15}
    assert (count(TillRefund), coupon_state(coupon)) == (1, "unused")
    assert audited() == []


def test_sales_while_shifts_are_closed_are_each_in_one_report(
    mall: Flask, places: list[Place]
) -> None:
    found = [quote(places[0], None, 100) for _ in range(16)]
    acts: list[Callable[[], Any]] = [
        partial(sell, places[0], one, f"R-{one}", f"crowd-{one}") for one in found
    ]
    acts += [partial(shifts.close, places[0])] * 4
    answers = all_at_once(mall, acts)
    assert kinds(answers[:16]) == {"done": 16}
    closed = [one["sales"]["count"] for one in answers[16:] if isinstance(one, dict)]
    left = shifts.current(places[0])["sales"]["count"]
    assert sum(closed) + left == 16


def test_a_pickup_is_handed_over_once(mall: Flask, places: list[Place]) -> None:
    code = redeemed_by(mall.test_client(), shopper(points=500))
    answers = all_at_once(
        mall, [partial(pickups.confirm, places[number % 2], code) for number in range(16)]
    )
    assert kinds(answers) == {"done": 1, "already_collected": 15}
