"""No entry is counted twice or left out, whoever commits in which order."""

import threading

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from points_mall.ledger import posting
from points_mall.ledger import services as ledger
from points_mall.ledger.models import LedgerEntry, LotDraw, PointsLot
from points_mall.ledger.statements import summary
from points_mall.reports import following, services
from points_mall.reports.counting import LEDGER
from points_mall.reports.figures import points_figures
from points_mall.reports.models import LotDay, PointsDay, ReportMark
from tests.campaign import property_settings, times
from tests.together import all_at_once

from .conftest import DAY, GIFT, ORDER, START, counted, differences, earn, enrol, spend


def issued() -> int:
    db.session.rollback()
    return points_figures(30).issued_points


def test_a_second_run_counts_nothing_twice(member: int) -> None:
    earn(member, 10, "a")
    assert services.follow() == 1
    assert services.follow() == 0
    earn(member, 5, "b")
    assert services.follow() == 1
    assert issued() == 15


def test_a_long_way_is_gone_in_batches(member: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "BATCH", 3)
    for number in range(10):
        earn(member, 1, f"a{number}")
    assert list(following.follow(LEDGER)) == [3, 3, 3, 1]
    assert issued() == 10
    assert [str(one) for one in differences() if "points" in one or "lots" in one] == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_an_entry_whose_transaction_is_under_way_is_waited_for(app: Flask, member: int) -> None:
    early, late = member, enrol()[0]
    posted, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with app.app_context(), transaction():
            posting.credit(early, 100, reason=GIFT, reference="slow")
            posted.set()
            may_commit.wait(20)

    thread = threading.Thread(target=slow)
    thread.start()
    posted.wait(20)
    earn(late, 7, "quick")  # a higher id, committed earlier
    meanwhile = services.follow(), issued()
    may_commit.set()
    thread.join()
    assert meanwhile == (0, 0)
    assert services.follow() == 2
    assert issued() == 107
    counted()
    assert differences() == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_youngest_transaction_is_waited_for_as_well(app: Flask, member: int) -> None:
    """It has the lower entry and the higher number: nothing that has ended lies above it."""
    early, late = member, enrol()[0]
    locked, may_post, posted, may_commit = (threading.Event() for _ in range(4))

    def quick() -> None:
        with app.app_context(), transaction():
            posting.lock_accounts([late])
            locked.set()
            may_post.wait(20)
            posting.credit(late, 7, reason=GIFT, reference="quick")

    def slow() -> None:
        with app.app_context(), transaction():
            posting.credit(early, 100, reason=GIFT, reference="slow")
            posted.set()
            may_commit.wait(20)

    first, second = threading.Thread(target=quick), threading.Thread(target=slow)
    first.start()
    locked.wait(20)
    second.start()
    posted.wait(20)
    may_post.set()
    first.join()
    meanwhile = services.follow(), issued()
    may_commit.set()
    second.join()
    assert meanwhile == (0, 0)
    assert services.follow() == 2
    assert issued() == 107


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_shop_that_was_restored_on_a_new_server_is_followed_on(member: int) -> None:
    earn(member, 10, "a")
    services.follow()
    with transaction() as session:
        beyond = sa.update(ReportMark).filter_by(stream="ledger")
        session.execute(beyond.values(ahead_id=1, followed_id=0, ahead_xid=10**15))
        session.execute(sa.delete(PointsDay))
    earn(member, 5, "b")
    assert services.follow() == 2
    assert issued() == 15


@pytest.mark.parametrize("app_settings", [{"DATABASE_POOL_SIZE": 20}])
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_crowd_that_posts_is_counted_to_the_last_entry(app: Flask, member: int) -> None:
    members, rounds = [member, *enrol(7)], times(25)
    over = threading.Event()

    def post(mine: int) -> int:
        for number in range(rounds):
            with transaction():
                posting.credit(mine, 10, reason=GIFT, reference=f"a{number}")
                posting.debit(mine, 4, reason=ORDER, reference=f"o{number}")
        return rounds

    def follow() -> int:
        runs = 0
        while not over.is_set():
            services.follow()
            runs += 1
        return runs

    acts = [lambda mine=mine: post(mine) for mine in members]
    watcher: list[int] = []

    def watch() -> None:
        with app.app_context():
            watcher.append(follow())

    followers = [threading.Thread(target=watch) for _ in range(2)]
    for thread in followers:
        thread.start()
    posted = all_at_once(app, acts)
    over.set()
    for thread in followers:
        thread.join()
    assert posted == [rounds] * 8
    counted()
    assert len(watcher) == 2
    assert min(watcher) > 1
    figures = points_figures(1)
    assert (figures.issued_points, figures.redeemed_points) == (80 * rounds, 32 * rounds)
    assert differences() == []


def test_rebuilding_comes_to_the_same(member: int) -> None:
    earn(member, 100, "a", days=3)
    spend(member, 30, "o")
    clock.set(START + 5 * DAY)
    ledger.expire_points()
    counted()
    before = _kept()
    assert sum(services.rebuild()) == 3
    db.session.rollback()
    assert _kept() == before
    assert differences() == []


def test_what_was_tampered_with_is_found_and_mended(member: int) -> None:
    earn(member, 100, "a")
    counted()
    with transaction() as session:
        session.execute(sa.update(PointsDay).values(given_points=99))
        session.execute(sa.update(LotDay).values(spent_points=1))
    assert differences() == [
        "points 2026-11-21 test_gift test: counted (100, 0, 1, 0), kept is (99, 0, 1, 0)",
        "lots 2026-11-21 9999-12-31: counted (100, 0, 0, 0, 0), kept is (100, 1, 0, 0, 0)",
    ]
    list(services.rebuild())
    assert differences() == []


def _kept() -> list[tuple[object, ...]]:
    db.session.rollback()
    rows = [
        *db.session.execute(sa.select(PointsDay.__table__)),
        *db.session.execute(sa.select(LotDay.__table__)),
    ]
    return sorted((tuple(row) for row in rows), key=str)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(("earn", "earn for good", "spend", "undo", "refund", "night", "count")),
        st.integers(0, 2),
        st.integers(1, 200),
    ),
    max_size=25,
)


@pytest.mark.usefixtures("member")
def test_whatever_happened_the_rollups_are_what_a_recount_finds(app: Flask) -> None:
    @property_settings(20)
    @given(moves=MOVES)
    def whatever_happens(moves: list[tuple[str, int, int]]) -> None:
        members = enrol(3)
        spent: list[tuple[int, str]] = []
        earned: list[tuple[int, str]] = []
        for number, (what, place, size) in enumerate(moves):
            _move(what, members[place], size, f"m{number}", earned, spent)
        counted()
        assert differences() == []
        _compare_by_hand()

    whatever_happens()


def _move(
    what: str,
    member: int,
    size: int,
    reference: str,
    earned: list[tuple[int, str]],
    spent: list[tuple[int, str]],
) -> None:
    if what.startswith("earn"):
        earn(member, size, reference, days=None if what == "earn for good" else size % 4)
        earned.append((member, reference))
    elif what == "spend" and summary(member).available >= size:
        spend(member, size, reference)
        spent.append((member, reference))
    elif what == "undo" and spent:
        owner, undone = spent.pop()
        with transaction():
            posting.restore(owner, reason=ORDER, reference=undone, by=reference)
    elif what == "refund" and earned:
        owner, undone = earned.pop()
        with transaction():
            posting.reverse(
                owner, reason=GIFT, reference=undone, refunded=size, paid=200, by=reference
            )
    elif what == "night":
        clock.set(now() + DAY)
        ledger.expire_points()
    elif what == "count":
        services.follow()


def _compare_by_hand() -> None:
    """The sums of the rollups against those of the ledger's own rows, one row at a time."""
    rows = db.session.execute(sa.select(LedgerEntry.points)).scalars().all()
    days = db.session.execute(sa.select(PointsDay.given_points, PointsDay.taken_points)).all()
    assert sum(row.given_points for row in days) == sum(points for points in rows if points > 0)
    assert sum(row.taken_points for row in days) == -sum(points for points in rows if points < 0)
    lots = db.session.scalars(sa.select(LotDay)).all()
    granted = db.session.scalars(sa.select(PointsLot.granted)).all()
    drawn = db.session.scalars(sa.select(LotDraw.points)).all()
    assert sum(lot.granted_points for lot in lots) == sum(granted)
    assert sum(
        lot.spent_points + lot.expired_points + lot.reversed_points + lot.repaid_points
        for lot in lots
    ) == sum(drawn)
