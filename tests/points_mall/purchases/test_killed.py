"""A drain that is killed loses nothing and applies nothing twice."""

import multiprocessing
import random
import signal
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import db
from points_mall.purchases import draining, inbox
from points_mall.purchases.models import PaymentNotice
from tests.conftest import TEST_SETTINGS

from . import drainer, shop
from .drainer import AFTER_COMMIT, BEFORE_COMMIT, REFUND, SALE, Errand

SALES = 250


@pytest.mark.slow
def test_whoever_drains_next_finishes_what_the_killed_began(
    mall: Flask, database: str, redis_server: str, tmp_path: Path
) -> None:
    members = shop.enrol(10)
    told = [
        (
            "till",
            f"{kind}-{number}",
            kind,
            {"receipt": f"r-{number}", "member": members[number % 10]},
        )
        for number in range(SALES)
        for kind in (SALE, REFUND)
    ]
    random.Random(7).shuffle(told)
    inbox.store_all(told)
    config = {**TEST_SETTINGS, "DATABASE_URL": database, "REDIS_URL": redis_server}
    deaths = [(BEFORE_COMMIT, 1), (AFTER_COMMIT, 1), (BEFORE_COMMIT, 2)]

    for dies, at_commit in deaths:
        assert sent(Errand(config, tmp_path / "drainer", dies, at_commit)) == -signal.SIGKILL
    assert count_of("applied") == 400  # the second death's batch, and one before the third death
    drainer.join()
    assert draining.drain() == 2 * SALES - 400

    assert count_of("applied") == 2 * SALES
    assert [shop.points_of(member) for member in members] == [(SALES // 10 * 7, 0, 0)] * 10
    assert {(one.state, one.value_fen) for one in shop.refunds()} == {("applied", 3_00)}
    assert shop.audited() == []


def sent(errand: Errand) -> int | None:
    """Drain in a process of its own; its exit code."""
    errand.instance.mkdir(exist_ok=True)
    process = multiprocessing.get_context("spawn").Process(target=drainer.drain, args=(errand,))
    process.start()
    process.join(60)
    return process.exitcode


def count_of(state: str) -> int:
    db.session.rollback()
    query = sa.select(sa.func.count()).select_from(PaymentNotice).filter_by(state=state)
    return db.session.scalar(query) or 0
