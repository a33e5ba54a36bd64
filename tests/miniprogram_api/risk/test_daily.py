"""Daily caps are the database's word: exact, however many ask at once."""

import threading
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.risk import daily
from miniprogram_api.risk.errors import DailyCapUsed
from miniprogram_api.risk.models import MemberDay
from tests.builders import enrolled_member, shanghai


@pytest.fixture
def members(app: Flask) -> list[int]:
    return [enrolled_member(f"oMember-number-{number:012d}") for number in range(4)]


def use_all(cap: int, member_ids: list[int]) -> list[bool]:
    with transaction():
        return daily.use_all("spin", cap, member_ids)


def counted() -> dict[int, int]:
    db.session.rollback()
    rows = db.session.execute(sa.select(MemberDay.member_id, MemberDay.uses)).all()
    return {row.member_id: row.uses for row in rows}


def test_a_group_is_judged_together_each_member_by_itself(members: list[int]) -> None:
    li, wang, zhao, _ = members
    assert use_all(2, [li, wang, li, zhao, li]) == [True, True, True, True, False]
    assert use_all(2, [wang, li, wang]) == [True, False, False]
    assert counted() == {li: 2, wang: 2, zhao: 1}
    assert daily.used_today("spin", members) == {li: 2, wang: 2, zhao: 1}


def test_who_is_refused_hears_when_there_is_more(members: list[int]) -> None:
    clock.set(shanghai("2026-11-21 23:00"))
    with transaction():
        daily.use("spin", 3, members[0], uses=2)
    with pytest.raises(DailyCapUsed) as refusal, transaction():
        daily.use("spin", 3, members[0], uses=2)
    assert refusal.value.retry_after_seconds == 3601
    assert refusal.value.numbers == {"rule": "spin", "cap": 3}
    assert counted() == {members[0]: 2}


def test_one_use_above_the_cap_is_refused_from_the_start(members: list[int]) -> None:
    with pytest.raises(DailyCapUsed), transaction():
        daily.use("spin", 3, members[0], uses=4)
    assert use_all(0, members) == [False] * 4
    assert counted() == {}


def test_a_new_day_of_the_shop_begins_at_nothing(members: list[int]) -> None:
    clock.set(shanghai("2026-11-21 23:59"))
    assert use_all(1, members[:1]) == [True]
    assert use_all(1, members[:1]) == [False]
    clock.advance(timedelta(minutes=1))
    assert use_all(1, members[:1]) == [True]
    assert daily.forget_before(date(2026, 11, 22)) == 1
    assert counted() == {members[0]: 1}


def test_what_is_rolled_back_is_not_used(members: list[int]) -> None:
    def use_and_fail() -> None:
        with transaction():
            daily.use("spin", 1, members[0])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use_and_fail()
    assert use_all(1, members[:1]) == [True]


def test_a_crowd_gets_exactly_the_cap(app: Flask, members: list[int]) -> None:
    start, answers = threading.Barrier(12), []

    def ask() -> None:
        with app.app_context():
            start.wait()
            answers.extend(use_all(5, [members[0], members[1]]))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(True) == 10
    assert counted() == {members[0]: 5, members[1]: 5}


def test_the_database_keeps_its_own_law(members: list[int]) -> None:
    row = {"member_id": members[0], "day": date(2026, 11, 21), "rule": "spin", "uses": 0}
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(sa.insert(MemberDay).values(**row))
