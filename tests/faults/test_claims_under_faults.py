"""A flash sale goes on while its servers die, forget, lag and refuse: nothing is sold twice or lost.

Each round is a sale of its own under one kind of fault, at a random moment of the storm. Afterwards:
never more orders than units; every order that somebody was told of exists; nobody paid without one;
and whatever was not sold can be had by those who come late.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from miniprogram_api.core.db import db
from points_mall.stock import sweeping
from points_mall.stock.gate import keys_of
from points_mall.stock.pools import pool_of
from tests.campaign import SEED, TIMES, report, times
from tests.conftest import _make_tables
from tests.services.proxy import Fault

from . import sale_day
from .patience import GONE
from .sale_day import EARLY, STOCK, Database, Round, Shop, open_shop, survive
from .sweeping_up import let_deadlines_pass
from .textbook_sale import COUNTER

ROUNDS = 2
MOST_ROUNDS = 10
"""Where chance wills that the harm did nothing, a few rounds more."""

MOST_MISSED = 10
FEW = STOCK * 3 // 4
"""A crowd that leaves something over, so that a lost unit is missed."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 900 * (TIMES > 1) * TIMES)]
chance = random.Random(SEED)


@pytest.fixture(scope="module")
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """One for all rounds of a kind of database."""
    made: AbstractContextManager[Database]
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        made = sale_day.sqlite_database(template, tmp_path_factory.mktemp("sale"))
    else:
        made = sale_day.postgresql_database(_make_tables)
    with made as ready:
        yield ready


@pytest.fixture(scope="module")
def open_all_day(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("shop")
    patch.setenv("MALL_INSTANCE", str(folder / "instance"))
    with open_shop(database, folder) as shop:
        yield shop
    patch.undo()


@pytest.fixture
def shop(open_all_day: Shop) -> Shop:
    return open_all_day


# ------------------------------------------------------------------ the kinds of harm


def _between(low: float, high: float) -> int:
    """So many orders of the round, drawn between two parts of the stock."""
    return int(STOCK * chance.uniform(low, high))


def kill_a_worker(this: Round) -> None:
    """Kill -9, at two moments, of processes that are answering."""
    for low, high in ((0.05, 0.35), (0.4, 0.8)):
        if not this.tally.wait_for_orders(_between(low, high)):
            return
        _kill_one(this)


def _kill_one(this: Round) -> None:
    workers = this.shop.web.workers()
    assert workers, "gunicorn has no workers"
    os.kill(chance.choice(workers), signal.SIGKILL)
    this.figures["workers killed"] += 1


def wipe(this: Round) -> None:
    if this.tally.wait_for_orders(_between(0.1, 0.8)):
        with this.shop.store.client() as client:
            this.figures["writes lost"] += client.hlen(_orders_key(this))
            client.flushall()
        this.figures["wiped"] += 1


def lose_the_last_writes(this: Round) -> None:
    """Redis dies, and what it had not yet written down is gone: at most a second of it."""
    store = this.shop.store
    if not this.tally.wait_for_orders(_between(0.05, 0.4)):
        return
    written, since = store.bytes_on_disk(), time.monotonic()
    this.tally.wait_for_orders(this.tally.orders + _between(0.1, 0.4), 1)
    known = _known_to_redis(this)
    this.figures["bytes lost"] += store.restart_without(written)
    this.figures["writes lost"] += known - _known_to_redis(this)
    this.figures["restarted"] += 1
    assert time.monotonic() - since < 60


def fail_over(this: Round) -> None:
    """The replica had stopped hearing from the primary a while before that died."""
    store = this.shop.store
    is_on = this.tally.wait_for_orders(_between(0.05, 0.4))
    store.freeze_replica()
    this.tally.wait_for_orders(this.tally.orders + _between(0.1, 0.4), 1)
    known = _known_to_redis(this)
    store.promote()
    if is_on:
        this.figures["writes lost"] += known - _known_to_redis(this)
        this.figures["failed over"] += 1


def go_away(this: Round) -> None:
    """Redis refuses, or says nothing at all, for a second."""
    if this.tally.wait_for_orders(_between(0.05, 0.5)):
        before = this.tally.orders
        fault = chance.choice([Fault(down=True), Fault(blackhole=True)])
        this.shop.store.go_away(fault, 1.2)
        this.figures["orders meanwhile"] += this.tally.orders - before
        this.figures["went away"] += 1


def refuse_to_write(this: Round) -> None:
    """Two seconds without the database."""
    if this.tally.wait_for_orders(_between(0.05, 0.7)):
        with this.shop.database.refusing():
            before = this.tally.orders
            time.sleep(2)
            this.figures["orders meanwhile"] += this.tally.orders - before
        this.figures["database refused"] += 1


def cut_the_database(this: Round) -> None:
    """Connections break in the middle of whatever they are at; commits lose their answers."""
    wire = this.shop.database.wire
    assert wire is not None
    fired = wire.fired
    for part in (0.1, 0.3, 0.5, 0.7):
        if not this.tally.wait_for_orders(int(STOCK * part)):
            break
        wire.cut()
        this.figures["connections cut"] += 1
        wire.fault = Fault(drop_reply=True, at=b"COMMIT", once=True)
        time.sleep(chance.uniform(0.01, 0.1))
    wire.fault = Fault()
    this.figures["answers to COMMIT lost"] += wire.fired - fired


def sweep_too_early(this: Round) -> None:
    """The sweep takes everything under way for something that a crash left; a worker dies too."""
    done = threading.Event()

    def sweep() -> None:
        with this.shop.app.app_context():
            while not done.wait(0.02):
                pool = pool_of(this.item.pool_id, fresh=True)
                let_deadlines_pass(pool)
                this.figures["given back early"] += sweeping.sweep(pool)
                this.figures["reloaded early"] += sweeping.reconcile(pool)
                db.session.remove()

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    if this.tally.wait_for_orders(_between(0.1, 0.6)):
        _kill_one(this)
    this.tally.wait_for_orders(STOCK + 1)
    done.set()
    sweeper.join()
    this.figures["swept while it ran"] += 1


def _orders_key(this: Round) -> str:
    return keys_of(this.item.pool_id, "orders")[0]


def _known_to_redis(this: Round) -> int:
    """How many orders Redis knows of; the textbook's only counts what is left."""
    with this.shop.store.client() as client:
        left = client.get(COUNTER.format(item=this.item.id))
        return int(client.hlen(_orders_key(this))) if left is None else STOCK - int(left)


# ------------------------------------------------------------------ the campaign


@dataclass(frozen=True)
class Kind:
    """A kind of harm, the figures that must not be nought if it did any, and what it needs."""

    harm: Callable[[Round], None]
    struck: str
    must: tuple[str, ...] = ()
    prepare: Callable[[Shop], None] = lambda _: None


KINDS = {
    "a worker is killed": Kind(kill_a_worker, "workers killed", ("broken",)),
    "Redis is wiped": Kind(wipe, "wiped", ("writes lost",)),
    "Redis loses its last second": Kind(
        lose_the_last_writes, "restarted", ("writes lost", "bytes lost", "conflicts")
    ),
    "Redis fails over to a replica that lags": Kind(
        fail_over,
        "failed over",
        ("writes lost", "conflicts"),
        lambda shop: shop.store.follow(),
    ),
    "Redis is away": Kind(go_away, "went away", ("orders meanwhile",)),
    "the database refuses": Kind(refuse_to_write, "database refused"),
    "the sweeper runs at the same time": Kind(
        sweep_too_early, "swept while it ran", ("given back early",)
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_sold_twice_or_lost_while(shop: Shop, name: str) -> None:
    _campaign(shop, name, KINDS[name])


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_nothing_is_sold_twice_or_lost_while_connections_are_cut(shop: Shop) -> None:
    must = ("answers to COMMIT lost", "try_later")
    _campaign(shop, "connections are cut", Kind(cut_the_database, "connections cut", must))


def test_a_shop_that_is_to_refuse_without_redis_says_so_and_sells_on_afterwards(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALL_INSTANCE", str(tmp_path / "instance"))
    settings = {"STOCK_WITHOUT_REDIS": "refuse"}
    with open_shop(shop.database, tmp_path, settings=settings, crowd=shop.crowd) as other:
        figures = _campaign(other, "Redis is away, refused", Kind(go_away, "went away"))
    assert figures["try_later"] > 0


def _campaign(shop: Shop, name: str, kind: Kind) -> Counter[str]:
    """Rounds until the harm was done often enough, by crowds that buy all and crowds that do not."""
    figures: Counter[str] = Counter()
    began, struck, missed, workers = time.monotonic(), 0, 0, set(shop.web.workers())
    while struck < times(ROUNDS) or (_lacks(figures, kind) and struck < times(MOST_ROUNDS)):
        kind.prepare(shop)
        found = survive(shop, kind.harm, (EARLY, FEW)[struck % 2])
        struck += found[kind.struck] > 0
        missed += not found[kind.struck]
        assert missed <= MOST_MISSED + struck, "the storm is over before the harm begins"
        figures += found
    figures["seconds"] = round(time.monotonic() - began)
    report(f"{name}: {dict(sorted(figures.items()))}")
    assert not _lacks(figures, kind), "a campaign without effect"
    assert figures["won"] + figures["repeated"] + figures[GONE] >= STOCK * struck
    if figures["workers killed"]:
        assert TIMES == 1 or figures["swept"] > 0, "no kill ever left a unit behind"
        assert set(shop.web.workers()) != workers
    return figures


def _lacks(figures: Counter[str], kind: Kind) -> list[str]:
    """Which of the figures that prove an effect are nought."""
    return [must for must in kind.must if not figures[must]]
