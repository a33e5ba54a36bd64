"""Judging every member anew, each night and by hand; and moves by hand before and after."""

import json
import threading
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs.registry import registered
from miniprogram_api.jobs.schedule import schedules
from miniprogram_api.members.models import Member
from points_mall.tiers import publishing, requalifying, services
from points_mall.tiers.growing import grow
from points_mall.tiers.jobs import requalify_all
from points_mall.tiers.models import TierChange, TierMove
from points_mall.tiers.requalifying import Counts, requalify
from tests.builders import shanghai

from .conftest import (
    NOON,
    account,
    bought,
    enrol,
    hear,
    history,
    refunded,
    rows,
    small_ladder,
    stands,
)


def test_a_night_judges_everybody(noon: None) -> None:
    keeps, misses, falls, idle = enrol(4)
    hear(
        bought(keeps, 1_000, "1"),
        bought(keeps, 600, "2", shanghai("2026-09-01 12:00")),
        bought(misses, 1_000, "3"),
        bought(falls, 5_000, "4", NOON - timedelta(days=40)),
    )
    clock.set(shanghai("2027-03-11 00:20"))
    told: list[int] = []
    assert requalify(told.append) == Counts(looked_at=4, risen=0, kept=1, in_grace=1, fallen=1)
    assert told == [4]
    assert stands(keeps) == ("gold", "2026-03-10 12:00", "2028-03-11 00:00", None)
    assert stands(misses) == ("gold", "2026-03-10 12:00", "2027-03-11 00:00", "2027-04-10 00:00")
    assert stands(falls) == ("regular", "2027-03-01 00:00", None, None)
    assert history(keeps) == [("regular", "gold", "purchase"), ("gold", "gold", "kept")]
    assert history(misses) == [("regular", "gold", "purchase"), ("gold", "gold", "grace")]
    assert history(falls) == [
        ("regular", "diamond", "purchase"),
        ("diamond", "regular", "requalified"),
    ]
    assert history(idle) == []
    assert account(falls) == (60, 0, 0)


def test_judging_again_changes_nothing(li: int) -> None:
    hear(bought(li, 1_000, "1"))
    clock.set(shanghai("2027-03-11 00:20"))
    requalify()
    before = rows()
    assert requalify() == Counts(looked_at=1)
    assert rows() == before


def test_a_tier_is_not_touched_a_moment_too_early(li: int) -> None:
    hear(bought(li, 1_000, "1"))
    clock.set(shanghai("2027-03-10 23:59"))
    assert requalify() == Counts(looked_at=1)
    clock.set(shanghai("2027-03-11 00:00"))
    assert requalify() == Counts(looked_at=1, in_grace=1)


def test_nights_that_were_missed_are_made_up_by_the_next_one(li: int) -> None:
    hear(bought(li, 5_000, "1"), bought(li, 700, "2", shanghai("2026-12-01 12:00")))
    clock.set(shanghai("2029-01-01 00:20"))
    requalify()
    assert stands(li) == ("regular", "2028-05-11 00:00", None, None)
    assert history(li)[1:] == [("diamond", "regular", "requalified")]


def test_a_purchase_within_grace_keeps_the_tier(li: int) -> None:
    hear(bought(li, 1_000, "1"))
    clock.set(shanghai("2027-03-20 12:00"))
    requalify()
    hear(bought(li, 600, "2", shanghai("2027-03-20 12:00")))
    assert stands(li) == ("gold", "2026-03-10 12:00", "2028-03-21 00:00", None)
    assert history(li)[-1] == ("gold", "gold", "kept")


def test_a_new_ladder_lifts_by_night_who_bought_nothing_since(li: int) -> None:
    hear(bought(li, 700, "1"))
    publishing.publish(small_ladder(gold=(500, 300)), date(2026, 3, 11))
    assert requalify() == Counts(looked_at=1)
    clock.set(shanghai("2026-03-11 00:20"))
    assert requalify() == Counts(looked_at=1, risen=1)
    assert history(li) == [("regular", "gold", "ladder")]
    assert account(li) == (10, 0, 0)


def test_members_are_read_in_batches_and_closed_accounts_passed_over(
    noon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requalifying, "BATCH", 3)
    several = enrol(8)
    with transaction() as session:
        session.get_one(Member, several[4]).closed_at = NOON
    told: list[int] = []
    assert requalifying.members_to_look_at() == 7
    assert requalify(told.append) == Counts(looked_at=7)
    assert told == [3, 3, 1]


def test_an_interrupted_night_is_simply_run_again(
    noon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requalifying, "BATCH", 2)
    several = enrol(5)
    hear(*(bought(member, 1_000, f"{member}") for member in several))
    clock.set(shanghai("2027-03-11 00:20"))

    def cut(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        requalify(cut)
    assert len(_graces()) == 2
    assert requalify() == Counts(looked_at=5, in_grace=3)
    assert len(_graces()) == 5


def _graces() -> Any:
    return db.session.scalars(sa.select(TierChange).filter_by(reason="grace")).all()


def test_purchases_and_the_night_at_once_lose_nothing(app: Flask, noon: None) -> None:
    several = enrol(6)
    hear(*(bought(member, 1_000, f"{member}") for member in several))
    clock.set(shanghai("2027-03-11 00:20"))
    errors: list[BaseException] = []

    def at_work(number: int) -> None:
        with app.app_context():
            try:
                if number == 0:
                    requalify()
                    return
                member = several[number]
                with transaction():
                    grow([bought(member, 5_000, f"{member}:more", shanghai("2027-03-11 00:10"))])
            except BaseException as error:  # noqa: BLE001 - told to the test
                errors.append(error)

    workers = [threading.Thread(target=at_work, args=(number,)) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []
    requalify()
    assert stands(several[0])[0] == "gold"
    assert [stands(member) for member in several[1:]] == [
        ("diamond", "2027-03-11 00:10", "2028-03-12 00:00", None)
    ] * 5
    assert [account(member) for member in several[1:]] == [(60, 0, 0)] * 5


def test_a_move_by_hand_is_kept_with_its_reason_and_brings_no_gift(li: int) -> None:
    services.set_tier(li, "diamond", why="开业嘉宾", actor="cli:chen")
    assert stands(li) == ("diamond", "2026-03-10 12:00", "2027-03-11 00:00", None)
    assert history(li) == [("regular", "diamond", "manual")]
    moved = db.session.scalars(sa.select(TierMove)).one()
    assert (moved.code, moved.why, moved.actor) == ("diamond", "开业嘉宾", "cli:chen")
    assert account(li) == (0, 0, 0)
    hear(bought(li, 5_000, "1", NOON + timedelta(minutes=1)))
    assert account(li) == (0, 0, 0)  # growth did not lift: the member stood there already


def test_after_a_move_down_growth_from_before_lifts_nobody_back(li: int) -> None:
    hear(bought(li, 5_000, "1"))
    clock.advance(timedelta(hours=1))
    services.set_tier(li, "regular")
    assert stands(li)[0] == "regular"
    clock.advance(timedelta(hours=1))
    hear(bought(li, 999, "2", NOON + timedelta(hours=2)))
    hear(bought(li, 5_000, "from before, known late"))
    assert services.rank_of(li) == 0
    hear(bought(li, 1, "3", NOON + timedelta(hours=2)))
    assert stands(li)[0] == "gold"
    assert account(li) == (60, 0, 0)


def test_a_refund_leaves_a_move_by_hand_alone(li: int) -> None:
    hear(bought(li, 1_000, "1"))
    clock.advance(timedelta(hours=1))
    services.set_tier(li, "diamond")
    hear(refunded(li, 1_000, "1"))
    assert stands(li) == ("diamond", "2026-03-10 13:00", "2027-03-11 00:00", None)
    assert account(li) == (0, 0, 0)  # the gift for gold went back with the purchase


def test_the_night_is_in_the_calendar(noon: None) -> None:
    enrol(2)
    assert schedules()["tiers.requalify"].cron == "20 0 * * *"
    assert registered("tiers.requalify").handler is requalify_all
    requalify_all({})


def test_the_operator_requalifies_with_progress(app: Flask, li: int) -> None:
    hear(bought(li, 1_000, "1"))
    clock.set(shanghai("2027-03-11 00:20"))
    told = app.test_cli_runner().invoke(args=["tiers", "requalify", "--json"])
    assert json.loads(told.output) == {
        "looked_at": 1, "risen": 0, "kept": 0, "in_grace": 1, "fallen": 0,
    }  # fmt: skip
    again = app.test_cli_runner().invoke(args=["tiers", "requalify"])
    assert (
        "会员 members 1 · 升级 risen 0 · 保级 kept 0 · 宽限 in grace 0 · 降级 fallen 0"
        in again.output
    )
