"""Notices are stored first, once; then applied, and a bad one fails alone."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import Unavailable
from miniprogram_api.jobs import engine
from miniprogram_api.jobs.models import Job
from points_mall.purchases import draining, inbox, jobs
from points_mall.purchases.facts import Paid
from points_mall.purchases.inbox import Applied, Notice
from points_mall.purchases.models import PaymentNotice
from points_mall.purchases.recording import record_purchases
from points_mall.purchases.states import NoticeState
from tests.builders import shanghai

from . import shop
from .shop import NOON

SOURCE, SALE = "till", "TEST.SALE"
SLEEP = "points_mall.purchases.jobs.sleep"


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """An applier of sales; which notices it was given together."""
    given: list[list[str]] = []

    def apply_sales(notices: Sequence[Notice]) -> list[Applied]:
        given.append([notice.notice_id for notice in notices])
        facts = [
            Paid(SOURCE, one.notice_id, one.resource["fen"], NOON, one.resource["member"], "午餐")
            for one in notices
        ]
        answers = record_purchases(facts)
        if any("poison" in notice.resource for notice in notices):
            raise ValueError("no sense in it for 13800138000")
        if any("away" in notice.resource for notice in notices):
            raise Unavailable("something we need is away")
        return [Applied(note=str(answer.outcome)) for answer in answers]

    monkeypatch.setattr(inbox, "_appliers", {})
    inbox.handler(SOURCE, SALE)(apply_sales)
    return given


def sale(number: int, member: int, **more: Any) -> tuple[str, str, str, dict[str, Any]]:
    return SOURCE, f"n-{number:05}", SALE, {"member": member, "fen": 10_00, **more}


def states() -> list[tuple[str | None, ...]]:
    db.session.rollback()
    query = sa.select(PaymentNotice.notice_id, PaymentNotice.state, PaymentNotice.note)
    return [tuple(row) for row in db.session.execute(query.order_by(PaymentNotice.id))]


def test_a_notice_is_stored_once_and_a_job_is_written_for_it(mall: Flask) -> None:
    for _ in range(3):
        inbox.store(SOURCE, "n-1", SALE, {"fen": 1})

    assert states() == [("n-1", "stored", None)]
    second = str(int(now().timestamp()))
    query = sa.select(Job.key, Job.payload).filter_by(name=inbox.DRAIN)
    assert [tuple(row) for row in db.session.execute(query)] == [(second, {"second": second})]


def test_the_first_notice_of_each_second_writes_a_job(mall: Flask) -> None:
    for number in range(3):
        inbox.store(SOURCE, f"n-{number}-a", SALE, {})
        inbox.store(SOURCE, f"n-{number}-b", SALE, {})
        clock.advance(timedelta(seconds=1))

    assert db.session.scalar(sa.select(sa.func.count(Job.id)).filter_by(name=inbox.DRAIN)) == 3


def test_the_job_applies_what_is_stored(mall: Flask, batches: list[list[str]]) -> None:
    (li,) = shop.enrol()
    clock.reset()
    inbox.store(*sale(1, li))

    engine.run_due()

    assert states() == [("n-00001", "applied", "recorded")]
    assert shop.points_of(li) == (10, 0, 0)


def test_the_job_takes_what_is_stored_while_its_second_lasts(
    mall: Flask, batches: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (li,) = shop.enrol()
    clock.set(shanghai("2026-11-21 13:00"))
    inbox.store(*sale(1, li))
    later = [lambda: inbox.store(*sale(2, li)), lambda: clock.advance(timedelta(seconds=1.25))]
    monkeypatch.setattr(SLEEP, lambda _seconds: later.pop(0)())

    jobs.drain_inbox({"second": str(int(now().timestamp()))})

    assert batches == [["n-00001"], ["n-00002"]]
    assert later == []


def test_a_job_does_not_wait_for_a_second_that_never_ends(
    mall: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(SLEEP, slept.append)

    jobs.drain_inbox({"second": str(int(now().timestamp()))})

    assert slept == [0.05] * 40


def test_what_a_dead_job_left_is_applied_by_the_next_look(
    mall: Flask, batches: list[list[str]]
) -> None:
    (li,) = shop.enrol()
    inbox.store_all([sale(1, li), sale(2, li)])

    jobs.drain_left_over({})

    assert [state for _, state, _ in states()] == ["applied", "applied"]


def test_notices_are_applied_in_batches_of_two_hundred_in_their_order(
    mall: Flask, batches: list[list[str]]
) -> None:
    (li,) = shop.enrol()
    inbox.store_all([sale(number, li) for number in range(450)])

    assert draining.drain() == 450

    assert [len(batch) for batch in batches] == [200, 200, 50]
    assert [name for batch in batches for name in batch] == [f"n-{one:05}" for one in range(450)]
    assert shop.points_of(li) == (4500 + 50, 0, 0)
    assert shop.audited() == []


def test_a_notice_that_makes_no_sense_fails_alone(mall: Flask, batches: list[list[str]]) -> None:
    (li,) = shop.enrol()
    inbox.store_all([sale(1, li), sale(2, li, poison=True), sale(3, li)])

    assert draining.drain() == 3

    assert states() == [
        ("n-00001", "applied", "recorded"),
        ("n-00002", "failed", "ValueError: no sense in it for ***"),
        ("n-00003", "applied", "recorded"),
    ]
    assert shop.points_of(li) == (20, 0, 0)
    assert shop.audited() == []


def test_where_what_we_need_is_away_everything_stays_stored(
    mall: Flask, batches: list[list[str]]
) -> None:
    (li,) = shop.enrol()
    inbox.store_all([sale(1, li), sale(2, li, away=True)])
    before = shop.moved()

    with pytest.raises(Unavailable):
        draining.drain()

    assert [state for _, state, _ in states()] == ["stored", "stored"]
    assert shop.moved() == before


def test_what_nobody_applies_is_ignored_with_a_note(mall: Flask, batches: list[list[str]]) -> None:
    inbox.store(SOURCE, "n-1", "COUPON.USE", {})

    assert draining.drain() == 1

    assert states() == [("n-1", "ignored", "nobody applies COUPON.USE")]


def test_a_failed_notice_can_be_tried_again(mall: Flask, batches: list[list[str]]) -> None:
    (li,) = shop.enrol()
    inbox.store_all([sale(1, li, poison=True)])
    draining.drain()
    with transaction() as session:
        mended = {"member": li, "fen": 10_00}
        session.execute(sa.update(PaymentNotice).values(resource=mended))
        (number,) = session.scalars(sa.select(PaymentNotice.id))

    assert draining.try_failed_again([number, 999]) == 1
    assert draining.drain() == 1

    assert states() == [("n-00001", "applied", "recorded")]


def test_a_notice_that_waits_is_tried_again_for_three_days(
    mall: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "_appliers", {})
    inbox.handler(SOURCE, SALE)(lambda some: [Applied(NoticeState.WAITING, "not yet")] * len(some))
    inbox.store(SOURCE, "n-1", SALE, {})
    draining.drain()
    assert states() == [("n-1", "waiting", "not yet")]

    assert draining.try_again() == 1
    draining.drain()
    clock.advance(timedelta(days=3))

    assert draining.try_again() == 0


def test_notices_settled_long_ago_are_forgotten_and_open_ones_are_not(
    mall: Flask, batches: list[list[str]]
) -> None:
    (li,) = shop.enrol()
    inbox.store_all([sale(1, li), sale(2, li, poison=True)])
    draining.drain()
    jobs.forget_notices({})
    assert len(states()) == 2
    clock.advance(timedelta(days=181))
    inbox.store_all([sale(3, li)])

    jobs.forget_notices({})

    assert [(name, state) for name, state, _ in states()] == [
        ("n-00002", "failed"),
        ("n-00003", "stored"),
    ]


def test_two_appliers_of_one_kind_are_refused(batches: list[list[str]]) -> None:
    with pytest.raises(ValueError, match=r"two features want the notices till TEST\.SALE"):
        inbox.handler(SOURCE, SALE)(lambda _some: [])


def test_notices_that_arrive_together_are_all_stored(mall: Flask) -> None:
    ready = threading.Barrier(16)

    def bring(number: int) -> None:
        with mall.app_context():
            ready.wait()
            inbox.store(SOURCE, f"n-{number % 8}", SALE, {"number": number})

    threads = [threading.Thread(target=bring, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(str(name) for name, _, _ in states()) == [f"n-{number}" for number in range(8)]
