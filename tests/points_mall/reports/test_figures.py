"""The figures of a small shop, written out."""

from datetime import date

import pytest

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.services import close_account
from points_mall.ledger import posting
from points_mall.ledger import services as ledger
from points_mall.purchases.models import Purchase
from points_mall.reports import jobs, services
from points_mall.reports.figures import (
    DayFigures,
    MemberFigures,
    PointsFigures,
    day_series,
    freshness,
    member_figures,
    points_figures,
    sources,
)

from .conftest import DAY, GIFT, ORDER, START, counted, differences, earn, enrol, spend


def test_a_new_shop_counts_its_first_members_at_once(member: int) -> None:
    jobs.follow({})
    assert member_figures().open_count == 1
    enrol(2)
    jobs.follow({})
    assert member_figures().open_count == 1  # the next are counted with the ten minutes' job
    services.recount_recent()
    assert member_figures().open_count == 3


def test_points_issued_redeemed_and_undone_are_told_apart(member: int) -> None:
    earn(member, 1000, "a")
    spend(member, 400, "o1")
    spend(member, 50, "o2")
    with transaction():
        posting.restore(member, reason=ORDER, reference="o2", by="undone")
        posting.reverse(member, reason=GIFT, reference="a", refunded=1, paid=5, by="refund")
    ledger.adjust(member, -100, why="counted wrong", reference="x", actor="staff:1")
    ledger.adjust(member, 30, why="sorry", reference="y", actor="staff:1")
    counted()
    figures = points_figures(30)
    assert figures == PointsFigures(
        issued_points=1030,
        redeemed_points=450,
        returned_points=50,
        taken_back_points=200,
        expired_points=0,
        removed_points=100,
    )
    assert figures.redemption_rate_bp == 4819  # 400 of 830
    assert differences() == []


def test_nothing_issued_has_no_rate_of_redemption(member: int) -> None:
    counted()
    assert points_figures(30).redemption_rate_bp is None


def test_days_are_the_shops(member: int) -> None:
    clock.set(START.replace(hour=15, minute=59))  # 23:59 in Shanghai
    earn(member, 10, "before midnight")
    clock.set(START.replace(hour=16, minute=0))
    earn(member, 20, "at midnight")
    counted()
    assert [one for one in day_series(3) if one.points.issued_points] == [
        DayFigures(date(2026, 11, 21), PointsFigures(issued_points=10)),
        DayFigures(date(2026, 11, 22), PointsFigures(issued_points=20)),
    ]
    assert [one.day for one in day_series(3)] == [
        date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)
    ]  # fmt: skip
    assert points_figures(1).issued_points == 20


def test_sources_are_the_reasons_of_what_was_issued(member: int) -> None:
    earn(member, 600, "a")
    ledger.adjust(member, 300, why="gift", reference="x", actor="staff:1")
    spend(member, 100, "o")
    counted()
    found = [
        (one.reason, one.title_zh, one.title_en, one.points, one.share_bp) for one in sources(30)
    ]
    assert found == [
        ("test_gift", "测试赠送", "Test gift", 600, 6666),
        ("adjustment", "积分调整", "Adjustment", 300, 3333),
    ]


def test_members_are_new_active_dormant_and_gone(member: int) -> None:
    second, third, fourth = enrol(3)
    clock.set(START + 40 * DAY)
    enrol(2)
    earn(second, 10, "a")
    clock.set(START + 65 * DAY)
    earn(third, 10, "b")
    close_account(fourth)
    counted()
    assert member_figures() == MemberFigures(
        open_count=5,
        joined_count=2,
        closed_count=1,
        joined_days=30,
        active_count=4,
        active_days=30,
        dormant_count=1,
        dormant_days=60,
    )
    assert differences() == []


def test_what_only_happens_to_a_member_is_no_activity(member: int) -> None:
    earn(member, 100, "a", days=10)
    clock.set(START + 70 * DAY)
    ledger.expire_points()
    ledger.adjust(member, 5, why="come back", reference="x", actor="staff:1")
    counted()
    assert (member_figures().active_count, member_figures().dormant_count) == (0, 1)


def test_who_buys_is_active_though_the_purchase_earns_nothing(member: int) -> None:
    clock.set(START + 70 * DAY)
    bought = Purchase(
        purchase_no="P1",
        source="till",
        external_id="1",
        member_id=member,
        title="茶",
        gross_fen=1000,
        total_fen=1000,
        cash_fen=1000,
        placed_at=now(),
    )
    with transaction() as session:
        session.add(bought)
    counted()
    assert (member_figures().active_count, member_figures().dormant_count) == (1, 0)
    assert differences() == []


def test_figures_say_until_when_they_count(member: int) -> None:
    assert freshness().counted_until is None
    earn(member, 10, "a")
    services.follow()
    db.session.rollback()
    assert (freshness().counted_until, freshness().behind_count) == (START, 0)
    clock.set(START + DAY)
    earn(member, 20, "b")
    assert (freshness().counted_until, freshness().behind_count) == (START, 1)


@pytest.mark.parametrize("app_settings", [{"MEMBER_ACTIVE_DAYS": 1, "MEMBER_DORMANT_DAYS": 2}])
def test_the_spans_are_settings(member: int) -> None:
    clock.set(START + DAY)
    enrol()
    clock.set(START + 2 * DAY)
    counted()
    figures = member_figures()
    assert (figures.active_count, figures.dormant_count) == (0, 1)
    assert (figures.active_days, figures.dormant_days) == (1, 2)
