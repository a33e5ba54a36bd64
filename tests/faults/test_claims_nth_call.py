"""Every single call of a claim, to Redis and to the database, fails once, before or after its effect.

Whoever heard no final answer asks again under the same key. It ends where an undisturbed claim does,
and after the sweep Redis and the database agree on every unit.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db
from miniprogram_api.core.redis import redis_client
from tests.campaign import report
from tests.crowds.conftest import enrol
from tests.crowds.people import people

from .claim_scenes import PLOTS, PRICE, Plot, Scene, attempt, final, story
from .redis_calls import watched_redis
from .statements import SIDES, Calls, Side, watched
from .sweeping_up import assert_books_are_clean, sweep_up

pytestmark = pytest.mark.slow


class SqliteDeadlock(sqlite3.OperationalError):
    """SQLite knows no deadlock; what repeats a transaction looks at the state alone."""

    sqlstate = "40P01"


@dataclass(frozen=True)
class Cast:
    """Who takes part in the scenes; each of them is in one scene only."""

    rich: Iterator[int]
    poor: Iterator[int]

    def play(self, plot: Plot) -> Scene:
        clock.set(now())
        return plot([next(self.rich), next(self.rich)], [next(self.poor)])


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"CLAIM_BURST": 0}


@pytest.fixture
def everybody(app: Flask) -> Cast:
    rich = [one.member_id for one in people(400, PRICE)]
    return Cast(iter(rich), iter(enrol(200)))


@pytest.fixture(autouse=True)
def _lost_commits(app: Flask) -> Iterator[None]:
    """A commit that fails is one whose connection was lost: nobody knows what became of it."""

    def judge(context: sa.engine.ExceptionContext) -> None:
        if "injected" in str(context.original_exception) and context.statement is None:
            context.is_disconnect = True

    sa.event.listen(db.engine, "handle_error", judge)
    yield
    sa.event.remove(db.engine, "handle_error", judge)


@pytest.mark.parametrize("name", PLOTS)
def test_a_claim_whose_nth_statement_fails_ends_well(everybody: Cast, name: str) -> None:
    _fail_each(everybody, PLOTS[name], name, lambda nth, side: watched(db.engine, nth, side), SIDES)


@pytest.mark.parametrize("name", PLOTS)
def test_a_claim_whose_nth_redis_call_fails_ends_well(everybody: Cast, name: str) -> None:
    _fail_each(
        everybody,
        PLOTS[name],
        name,
        lambda nth, side: watched_redis(redis_client(), nth, side),
        SIDES,
    )


@pytest.mark.parametrize("name", PLOTS)
def test_a_claim_whose_nth_statement_meets_a_deadlock_is_repeated_within(
    everybody: Cast, name: str, database: str
) -> None:
    """Whatever a rolled-back attempt had decided is void: the repeat decides anew."""
    on_sqlite = database.startswith("sqlite")
    deadlock = SqliteDeadlock if on_sqlite else psycopg.errors.DeadlockDetected
    _fail_each(
        everybody,
        PLOTS[name],
        name,
        lambda nth, side: watched(db.engine, nth, side, deadlock),
        ("before",),
    )


def test_a_repeat_that_breaks_gives_nothing_back(everybody: Cast) -> None:
    """The first attempt was committed and nobody heard of it: its unit is nobody else's."""
    undisturbed = everybody.play(PLOTS["a claim"])
    with watched(db.engine) as calls:
        attempt(undisturbed.claims)
    rich = [next(everybody.rich), next(everybody.rich)]
    scene = Scene(1, rich)
    mine = [scene.claim(rich[0])]
    with watched(db.engine, calls.asked.index("COMMIT") + 1, "after") as lost:
        assert attempt(mine) == ["again"]
    assert lost.fired_after_commit
    for nth in range(1, 4):
        with watched(db.engine, nth) as broken:
            assert attempt(mine) == ["again"]
        assert broken.fired
    assert attempt([scene.placement(rich[1], "another-who-wants-it")]) == ["sold_out"]
    assert attempt(mine) == ["placed"]
    sweep_up(scene.pool_id)
    assert_books_are_clean()


@pytest.mark.parametrize("name", PLOTS)
def test_a_claim_without_redis_whose_nth_statement_fails_ends_well(
    everybody: Cast, name: str
) -> None:
    def failing(nth: int, side: Side) -> AbstractContextManager[Calls]:
        return _Both(watched_redis(redis_client(), always=True), watched(db.engine, nth, side))

    _fail_each(everybody, PLOTS[name], f"{name}, Redis away", failing, SIDES)


class _Both(AbstractContextManager[Calls]):
    """Two faults at once; the calls of the second are counted."""

    def __init__(self, first: Any, second: Any) -> None:
        self._first, self._second = first, second

    def __enter__(self) -> Calls:
        self._first.__enter__()
        calls: Calls = self._second.__enter__()
        return calls

    def __exit__(self, *error: object) -> None:
        self._second.__exit__(*error)
        self._first.__exit__(*error)


def _fail_each(everybody: Cast, plot: Plot, name: str, failing: Any, sides: Sequence[Side]) -> None:
    scene = everybody.play(plot)
    with failing(0, "before") as calls:
        answers = attempt(scene.claims)
    sweep_up(scene.pool_id)
    expected, count = (final(scene, answers), story(scene)), len(calls.asked)
    for nth in range(1, count + 1):
        for side in sides:
            _fail_once(everybody.play(plot), failing, nth, side, expected)
    assert_books_are_clean()
    report(f"{name}: {count} calls, {count * len(sides)} failures: {expected[0]}")


def _fail_once(scene: Scene, failing: Any, nth: int, side: Side, expected: Any) -> None:
    with failing(nth, side) as calls:
        answers = attempt(scene.claims)
    where = f"call {nth} failed {side} its effect: {calls.asked[nth - 1][:200]}"
    assert calls.fired, where
    ended = final(scene, answers)
    assert (sorted(ended), sorted(map(str, story(scene)))) == (
        sorted(expected[0]),
        sorted(map(str, expected[1])),
    ), where
    sweep_up(scene.pool_id)
    assert story(scene)[-1] == expected[1][-1], where
