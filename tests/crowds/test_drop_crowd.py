"""On the hour: two thousand members want a hundred coupons, through real gunicorn with two workers.

A hundred get one, each another member, everyone else hears at once why not; also when everybody asks
again and again, and when the workers are killed amid it.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from redis import Redis

from miniprogram_api.core.db import db
from miniprogram_api.core.redis import redis_client
from points_mall.coupon_drops import audit
from points_mall.coupons import audit as coupons_audit
from points_mall.coupons.models import Coupon
from points_mall.ledger import audit as ledger_audit
from points_mall.stock import audit as stock_audit
from points_mall.stock import rebuilding, sweeping
from points_mall.stock.gate import keys_of
from points_mall.stock.models import StockUnit
from tests.campaign import report, times
from tests.conftest import TEST_SETTINGS
from tests.crowds.people import Person, people
from tests.crowds.storm import Hit, Shot, storm
from tests.points_mall.coupon_drops.conftest import Held, running, template
from tests.services import web
from tests.services.web import Web

STOCK, CROWD, CONNECTIONS = 100, 2000, 64
KEYS, REPEATED = 3, 0
"""How many claims everybody makes in the second storm, and which of them is sent twice."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180), pytest.mark.usefixtures("app")]


@pytest.fixture
def shop(app: Flask, database: str, redis_server: str, tmp_path: Path) -> Iterator[Web]:
    """The shop on the same database and the same Redis as `app`."""
    urls = {"DATABASE_URL": database, "REDIS_URL": redis_server}
    with web.running(tmp_path, {**TEST_SETTINGS, **urls}) as running_shop:
        yield running_shop
        ended = running_shop.process.poll() is not None
        report(running_shop.log.read_text()[-500:] if ended else "")


@pytest.fixture
def drop(shop: Web) -> Held:
    """A hundred coupons, open since a minute ago, in Redis."""
    template()
    held = running(stock=STOCK)
    rebuilding.load(held.pool_id)
    return held


def shot(drop: Held, person: Person, nth: int = 0) -> Shot:
    key = f"claim-{nth}-of-{person.member_id:05d}"
    return Shot(f"/api/v1/coupon-drops/{drop.id}/claims", person.token, key, {})


def test_two_thousand_members_want_a_hundred_coupons(shop: Web, drop: Held) -> None:
    crowd = people(times(CROWD), 1)

    words, hits = told(shop, [shot(drop, one) for one in crowd])

    assert words == {"won": STOCK, "sold_out": len(crowd) - STOCK}
    assert {hit.status for hit in hits} == {201, 409}
    assert_a_hundred_members_have_one_each(drop, hits)


def test_everybody_claims_several_times_and_repeats_some(shop: Web, drop: Held) -> None:
    crowd = people(times(CROWD), 1)
    shots = [
        shot(drop, one, nth)
        for one in crowd
        for nth in range(KEYS)
        for _repeat in range(2 if nth == REPEATED else 1)
    ]

    words, hits = told(shop, shots)

    refusals = {"sold_out", "allowance_used", "slow_down", "request_in_progress"}
    assert set(words) <= {"won", "repeated"} | refusals
    assert words["won"] == STOCK
    assert_a_hundred_members_have_one_each(drop, hits)
    assert_repeats_hear_the_first_answer(shop, hits)


def test_the_workers_are_killed_while_coupons_are_being_won(shop: Web, drop: Held) -> None:
    """Whoever's connection breaks asks again under the same key, as the phone does."""
    crowd = people(times(CROWD), 1)
    first, second = shop.workers()
    with ThreadPoolExecutor(1) as beside:
        killing = beside.submit(kill_when_units_are_taken, redis_client(), drop, [first, second])
        words, hits = told(shop, [shot(drop, one) for one in crowd])
        report(f"units taken when the workers were killed: {killing.result()}")

    assert not {first, second} & set(shop.workers())
    assert set(words) <= {"won", "repeated", "sold_out", "request_in_progress"}
    assert words["won"] + words["repeated"] == STOCK
    assert_a_hundred_members_have_one_each(drop, hits)


def kill_when_units_are_taken(client: Redis, drop: Held, workers: list[int]) -> list[int]:
    """Kill -9 one worker at the first unit that the gate hands out, the other when half are gone."""
    who, seen = keys_of(drop.pool_id, "who")[0], []
    for worker, taken in zip(workers, (1, STOCK // 2), strict=True):
        while (now := client.hlen(who)) < taken:
            time.sleep(0.0002)
        os.kill(worker, signal.SIGKILL)
        seen.append(int(now))
    return seen


def told(shop: Web, shots: list[Shot]) -> tuple[Counter[str], list[Hit]]:
    """A storm, and what it was told."""
    db.session.rollback()  # nobody keeps a transaction open through it
    began = time.monotonic()
    hits = storm(shop.port, shots, CONNECTIONS)
    took = time.monotonic() - began
    words = Counter(hit.word for hit in hits)
    report(f"{len(hits)} claims in {took:.1f} s ({len(hits) / took:.0f}/s): {dict(words)}")
    return words, hits


def assert_a_hundred_members_have_one_each(drop: Held, hits: list[Hit]) -> None:
    """Every coupon that was told of exists, and the other way round; books, units and Redis agree."""
    codes = {hit.body["code"]: hit.body for hit in hits if hit.status == 201}
    db.session.rollback()
    rows = db.session.scalars(sa.select(Coupon)).all()
    assert {row.code for row in rows} == set(codes)
    assert len({row.member_id for row in rows}) == len(rows) == STOCK
    units = db.session.execute(
        sa.select(StockUnit.unit_no, StockUnit.holder, StockUnit.member_id).filter_by(
            pool_id=drop.pool_id
        )
    ).all()
    assert sorted(unit.unit_no for unit in units) == list(range(1, STOCK + 1))
    owners = {unit.holder: unit.member_id for unit in units}
    assert owners == {row.reference: row.member_id for row in rows}
    assert sorted(body["unit_no"] for body in codes.values()) == list(range(1, STOCK + 1))
    assert list(audit.findings()) == []
    assert list(coupons_audit.findings()) == []
    assert list(ledger_audit.findings(db.session())) == []
    # As in the other crowds: what a refused transaction told Redis, the next reconcile tells right.
    sweeping.reconcile_all()
    assert list(stock_audit.differences()) == []


def assert_repeats_hear_the_first_answer(shop: Web, hits: list[Hit]) -> None:
    won = [hit for hit in hits if hit.word == "won"]
    time.sleep(2.1)  # the pace of the storm is over
    again = {hit.shot.key: hit for hit in storm(shop.port, [hit.shot for hit in won], 8)}
    for hit in won:
        repeated = again[hit.shot.key]
        assert (repeated.word, repeated.body) == ("repeated", hit.body)
