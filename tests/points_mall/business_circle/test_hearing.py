"""What WeChat tells of the mall, in any order and any number of times, comes to the same."""

import itertools
from typing import Any

import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import db
from points_mall.business_circle import authorizing
from points_mall.purchases.draining import drain
from points_mall.purchases.inbox import store_all
from points_mall.purchases.models import Purchase
from tests.builders import enrolled_member, shanghai
from tests.points_mall.business_circle.mall import (
    ACTIVATED,
    BOUGHT,
    REFUNDED,
    activated,
    bought,
    given_back,
    hear,
    syncs,
)
from tests.points_mall.purchases.shop import audited, moved, points_of, state

APPLIED = ("applied", None)


def test_a_purchase_in_the_mall_earns_and_is_noted_for_wechat(mall: Flask) -> None:
    anna = enrolled_member("oAnna")
    assert hear((BOUGHT, bought())) == [APPLIED]
    assert points_of(anna) == (88, 0, 0)
    assert syncs() == [("42001", True, 88, None, "due")]
    row = db.session.scalars(sa.select(Purchase)).one()
    assert (row.source, row.external_id, row.member_id) == ("business_circle", "42001", anna)
    assert (row.title, row.store, row.cash_fen) == ("面馆", "1024", 8800)
    assert row.paid_at == shanghai("2026-11-21 12:00")
    assert audited() == []


def test_whoever_is_no_member_earns_nothing_and_wechat_hears_why(mall: Flask) -> None:
    assert hear((BOUGHT, bought())) == [APPLIED]
    assert syncs() == [("42001", False, 0, "还不是会员", "due")]
    assert moved()["points"] == []


def test_too_small_a_purchase_earns_nothing_and_wechat_hears_why(mall: Flask) -> None:
    anna = enrolled_member("oAnna")
    assert hear((BOUGHT, bought(amount=50))) == [APPLIED]
    assert points_of(anna) == (0, 0, 0)
    assert syncs() == [("42001", True, 0, "不足 1 积分", "due")]


def test_a_purchase_told_ten_times_earns_once(mall: Flask) -> None:
    anna = enrolled_member("oAnna")
    heard = hear(*[(BOUGHT, bought(commit_tag="c1"))] * 10)
    assert heard[0] == APPLIED
    assert set(heard[1:]) == {("applied", "repeated")}
    assert hear((BOUGHT, bought())) == [("applied", "repeated")]
    assert points_of(anna) == (88, 0, 0)
    assert syncs() == [("42001", True, 88, None, "due")]


def test_a_refund_takes_back_its_share(mall: Flask) -> None:
    anna = enrolled_member("oAnna")
    assert hear((BOUGHT, bought()), (REFUNDED, given_back())) == [APPLIED, APPLIED]
    assert points_of(anna) == (44, 0, 0)
    assert syncs() == [("42001", True, 88, None, "due")]
    assert audited() == []


STORY = [
    (BOUGHT, bought()),
    (BOUGHT, bought()),
    (REFUNDED, given_back("50001", refund_amount=1)),
    (REFUNDED, given_back("50002", refund_amount=4399)),
    (REFUNDED, given_back("50002", refund_amount=4399)),
]


def test_every_order_of_the_same_facts_ends_the_same(mall: Flask) -> None:
    ends = []
    for number, order in enumerate(itertools.permutations(STORY)):
        member = enrolled_member(f"oAnna{number}")
        hear(*[(event, _of(number, resource)) for event, resource in order])
        ends.append(points_of(member))
    assert set(ends) == {(44, 0, 0)}
    assert len(ends) == 120
    assert {one[2] for one in syncs()} == {88}
    assert {tuple(row[1:]) for row in state()["purchases"]} == {("paid", 4400, 88, 0)}
    assert audited() == []


def _of(number: int, resource: dict[str, Any]) -> dict[str, Any]:
    """The same fact, of another shopper."""
    own = {"openid": f"oAnna{number}", "transaction_id": f"42-{number}"}
    if "refund_id" in resource:
        own["refund_id"] = f"{resource['refund_id']}-{number}"
    return resource | own


IMPOSSIBLE = [
    (BOUGHT, bought(mchid="1900000009")),
    (BOUGHT, bought(appid="wx9999999999999999")),
    (BOUGHT, bought(amount=0)),
    (BOUGHT, bought(amount=-8800)),
    (BOUGHT, bought(amount=10**12)),
    (BOUGHT, bought(amount=10**10)),
    (BOUGHT, bought(amount="8800")),
    (BOUGHT, bought(amount=True)),
    (BOUGHT, bought(amount=None)),
    (BOUGHT, bought(transaction_id="")),
    (BOUGHT, bought(transaction_id="4" * 65)),
    (BOUGHT, bought(openid=["oAnna"])),
    (BOUGHT, bought(time_end="noon")),
    (BOUGHT, bought(time_end="2026-11-21T12:00:00")),
    (BOUGHT, bought(shop_name={"name": "面馆"})),
    (REFUNDED, given_back(mchid="1900000009")),
    (REFUNDED, given_back(appid="wx9999999999999999")),
    (REFUNDED, given_back(refund_amount=0)),
    (REFUNDED, given_back(refund_amount=8801)),
    (REFUNDED, given_back(refund_id=None)),
    (REFUNDED, given_back(refund_time="")),
    (ACTIVATED, activated(mchid="1900000009")),
    (ACTIVATED, activated(auth_type="ANOTHER_MODE")),
    (ACTIVATED, activated(openid="")),
    (BOUGHT, {}),
    (REFUNDED, {}),
    (ACTIVATED, {}),
]


def test_what_cannot_be_is_marked_and_nothing_moves(mall: Flask) -> None:
    enrolled_member("oAnna")
    before = moved()
    heard = hear(*IMPOSSIBLE)
    assert [one[0] for one in heard] == ["failed"] * 27
    assert all(note for _, note in heard)
    assert moved() == before
    assert syncs() == []
    assert authorizing.shopper_of(enrolled_member("oAnna")) is None


def test_a_bad_notice_does_not_stop_the_good_ones_beside_it(mall: Flask) -> None:
    anna, bert = enrolled_member("oAnna"), enrolled_member("oBert")
    heard = hear(
        (BOUGHT, bought("42001")),
        (BOUGHT, bought("42002", amount=-1)),
        (BOUGHT, bought("42003", "oBert")),
        ("MALL_UNKNOWN", {}),
    )
    assert [one[0] for one in heard] == ["applied", "failed", "applied", "ignored"]
    assert (points_of(anna), points_of(bert)) == ((88, 0, 0), (88, 0, 0))


def test_a_number_told_with_another_amount_is_refused(mall: Flask) -> None:
    anna = enrolled_member("oAnna")
    hear((BOUGHT, bought()))
    (heard,) = hear((BOUGHT, bought(amount=9900)))
    assert heard[0] == "failed"
    assert points_of(anna) == (88, 0, 0)


def test_a_number_told_of_another_member_is_refused(mall: Flask) -> None:
    anna, bert = enrolled_member("oAnna"), enrolled_member("oBert")
    hear((BOUGHT, bought()))
    (heard,) = hear((BOUGHT, bought(openid="oBert")))
    assert heard[0] == "failed"
    assert (points_of(anna), points_of(bert)) == ((88, 0, 0), (0, 0, 0))
    assert syncs() == [("42001", True, 88, None, "due")]


def test_more_refunded_than_paid_is_refused(mall: Flask) -> None:
    anna = enrolled_member("oAnna")
    hear((BOUGHT, bought()), (REFUNDED, given_back("1", refund_amount=8000)))
    after = points_of(anna)
    (heard,) = hear((REFUNDED, given_back("2", refund_amount=801)))
    assert heard[0] == "failed"
    assert points_of(anna) == after == (8, 0, 0)


def test_the_number_of_statements_does_not_depend_on_the_number_of_purchases(mall: Flask) -> None:
    counts = []
    for size in (3, 30):
        for number in range(size):
            enrolled_member(f"oShopper{size}-{number}")
        told = [
            (BOUGHT, bought(f"42-{size}-{number}", f"oShopper{size}-{number}"))
            for number in range(size)
        ]
        counts.append(_statements_of(told))
    assert counts[0] == counts[1]


REMEMBERED = ("FROM earning_rule", "FROM tier_ladder")
"""What is read now and then, whoever buys."""


def _statements_of(told: list[tuple[str, Any]]) -> int:
    store_all(("business_circle", f"n-{r['transaction_id']}", event, r) for event, r in told)
    seen: list[str] = []

    def count(*given: Any) -> None:
        if not any(name in given[2] for name in REMEMBERED):
            seen.append(given[2])

    sa.event.listen(db.engine, "before_cursor_execute", count)
    assert drain() == len(told)
    sa.event.remove(db.engine, "before_cursor_execute", count)
    return len(seen)
