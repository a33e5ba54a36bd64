"""A draw that is interrupted, wherever: it is whole or absent, points and chance accordingly."""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from lottery.models import Draw
from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from miniprogram_api.repeats import records
from tests.conftest import TEST_SETTINGS
from tests.lottery.conftest import (
    NOON,
    THANKS,
    all_is_right,
    balance,
    draws_of,
    enrol,
    give_chances,
    give_points,
    points_prize,
    spin,
    wheel_of,
)

from .statements import SIDES, watched

Moment = Literal["before_commit", "after_commit"]
_processes = multiprocessing.get_context("forkserver")


def draw_and_die(
    config: dict[str, object], instance: str, call: tuple[int, int], at: Moment
) -> None:
    """Draw in a process of its own, and kill -9 it before the commit, or before the answer."""
    os.environ["MALL_INSTANCE"] = instance
    app = create_app(config)
    with app.app_context():
        clock.set(NOON)
        if at == "before_commit":
            records.store_all = _die  # type: ignore[assignment]
        spin(*call, "the-same-key")
        _die()


def _die(*_args: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def config(app: Flask, database: str, redis_server: str) -> dict[str, object]:
    clock.set(NOON)
    return {**TEST_SETTINGS, "DATABASE_URL": database, "REDIS_URL": redis_server}


@pytest.mark.parametrize("paid_by", ["points", "chance"])
@pytest.mark.parametrize("at", ["before_commit", "after_commit"])
def test_kill_minus_nine_leaves_a_draw_whole_or_absent(
    config: dict[str, object], tmp_path: Path, paid_by: str, at: Moment
) -> None:
    member = enrol()[0]
    wheel = wheel_of(points_prize(30, 1, stock=5), THANKS, points_cost=20, free_draws_per_day=0)
    give_points(member, 20)
    if paid_by == "chance":
        give_chances(member)
    args = (config, str(tmp_path / "killed"), (member, wheel), at)
    process = _processes.Process(target=draw_and_die, args=args)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    all_is_right()
    was_done = at == "after_commit"
    pays = 20 if paid_by == "points" else 0
    assert len(draws_of(wheel)) == int(was_done)
    assert balance(member) == 20 + (30 - pays) * was_done
    kept = draws_of(wheel)
    told = spin(member, wheel, "the-same-key")
    assert told.is_repeat is was_done
    (drawn,) = draws_of(wheel)
    assert (drawn.draw_no, drawn.paid_by) == (told.answer.body["draw_no"], paid_by)
    assert not kept or kept[0].draw_no == drawn.draw_no
    assert balance(member) == 50 - pays
    all_is_right()


@pytest.mark.slow
def test_a_draw_whose_nth_call_fails_ends_well_when_it_is_repeated(app: Flask) -> None:
    clock.set(NOON)
    wheel = wheel_of(points_prize(30, 1, stock=500), THANKS, points_cost=20, free_draws_per_day=0)
    members = iter(enrol(200))
    spin(_prepared(next(members)), wheel, "the-same-key")  # what is read once is known by now
    second = _prepared(next(members))
    with watched(db.engine) as calls:
        spin(second, wheel, "the-same-key")
    count = len(calls.asked)
    for nth in range(1, count + 1):
        for side in SIDES:
            member = _prepared(next(members))
            with watched(db.engine, nth, side) as calls, pytest.raises(sa.exc.DBAPIError):
                spin(member, wheel, "the-same-key")
            assert calls.fired
            done = db.session.scalar(sa.select(sa.func.count(Draw.id)).filter_by(member_id=member))
            assert bool(done) is calls.fired_after_commit
            assert balance(member) == (30 if done else 20)
            told = spin(member, wheel, "the-same-key")
            assert told.is_repeat is bool(done)
            assert balance(member) == 30
    all_is_right()


def _prepared(member: int) -> int:
    give_points(member, 20)
    return member
