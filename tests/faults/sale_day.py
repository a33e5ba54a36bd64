"""A shop on a day of many flash sales: gunicorn with two workers, its servers behind wires, a crowd."""

import contextlib
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app import create_app
from miniprogram_api.auth import revocation
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.core.settings import settings
from points_mall.flash_sale import services
from points_mall.flash_sale.models import FlashSaleItem
from points_mall.flash_sale.terms import ItemTerms, SaleTerms, Slot
from points_mall.ledger.models import LedgerEntry
from points_mall.redemption.models import RedemptionOrder
from points_mall.stock.models import StockUnit
from tests.conftest import TEST_SETTINGS
from tests.crowds.people import Person, people
from tests.crowds.storm import Hit, Shot, storm
from tests.services import postgres, proxy, web
from tests.services.proxy import Proxy
from tests.services.web import Web

from . import redis_faults
from .patience import GONE, PatientWire, Tally
from .redis_faults import Store
from .sweeping_up import assert_books_are_clean, sweep_up

STOCK, PRICE, CONNECTIONS = 120, 10, 64
CROWD, PURSE = 400, 1_000_000
EARLY, LATE = 300, 100
CLAIMS = "/api/v1/flash-sales/{sale}/claims"
STORM_SECONDS = 90


@dataclass
class Shop:
    """Everything that a round needs."""

    app: Flask
    web: Web
    store: Store
    crowd: Sequence[Person]
    database: "Database"
    claims: str = CLAIMS

    def logged(self, what: str) -> int:
        """How often the web's log tells of something."""
        return self.web.log.read_text(errors="replace").count(f'"{what}"')


@dataclass
class Round:
    """One sale, its storm, and what is known of it."""

    shop: Shop
    item: FlashSaleItem
    tally: Tally = field(default_factory=Tally)
    figures: Counter[str] = field(default_factory=Counter)

    def shots(self, crowd: Sequence[Person]) -> list[Shot]:
        path = self.shop.claims.format(sale=self.item.sale_id)
        body = {"item_id": str(self.item.id)}
        return [
            Shot(path, one.token, f"item-{self.item.id}-{one.member_id}", body) for one in crowd
        ]

    def fire(self, crowd: Sequence[Person]) -> list[Hit]:
        connect = partial(PatientWire, tally=self.tally)
        try:
            return storm(self.shop.web.port, self.shots(crowd), CONNECTIONS, connect)
        finally:
            self.tally.end()


Strike = Callable[[Round], None]
"""Does its harm while the storm rages, and mends it before it returns."""


def strike(
    shop: Shop, harm: Strike, early: int = EARLY, before: Strike | None = None
) -> tuple[Round, list[Hit]]:
    """One round: a storm of `early` members, the harm, and what everybody was told."""
    this = Round(shop, on_sale())
    if before is not None:
        before(this)
    with ThreadPoolExecutor(1) as aside:
        storming = aside.submit(this.fire, shop.crowd[:early])
        try:
            harm(this)
        finally:
            hits = storming.result(STORM_SECONDS)
    return this, hits


def survive(shop: Shop, harm: Strike, early: int = EARLY) -> Counter[str]:
    """One round, judged; what happened in it."""
    conflicts = shop.logged("units_had_owners")
    this, hits = strike(shop, harm, early)
    swept, reloaded = sweep_up(this.item.pool_id)
    free = STOCK - len(_owners(this.item))
    late = storm_of_latecomers(this)
    words = Counter(hit.word for hit in late)
    assert words["won"] == min(free, LATE), f"a unit was lost: {free} were free, {words}"
    _judge(this, [*hits, *late])
    after = {"swept": swept, "reloaded": int(reloaded), "sold late": min(free, LATE), "rounds": 1}
    after["conflicts"] = shop.logged("units_had_owners") - conflicts
    return this.tally.counts + this.figures + Counter(after)


def storm_of_latecomers(this: Round) -> list[Hit]:
    """When all is over, and nobody remembers that it was sold out, others want what is left."""
    sweep_up(this.item.pool_id)
    time.sleep(2 * settings().sold_out_memory_seconds)  # a stale memory is gone by once more
    return this.fire(this.shop.crowd[-LATE:])


def on_sale(stock: int = STOCK) -> FlashSaleItem:
    """A sale of one item that has been running for a minute."""
    moment = now()
    slot = Slot(moment - timedelta(minutes=1), moment + timedelta(hours=2))
    terms = SaleTerms("十点秒杀", (slot,), (ItemTerms("保温杯", PRICE, stock),))
    [sale_id] = services.create(terms, actor="test")
    found = db.session.scalars(sa.select(FlashSaleItem).filter_by(sale_id=sale_id)).one()
    db.session.expunge(found)
    db.session.rollback()  # nobody keeps a transaction open through the storm
    return found


def _owners(item: FlashSaleItem) -> dict[int, str]:
    db.session.rollback()
    query = sa.select(StockUnit.unit_no, StockUnit.holder).where(
        StockUnit.pool_id == item.pool_id, StockUnit.holder.is_not(None)
    )
    return {row.unit_no: str(row.holder) for row in db.session.execute(query)}


def _judge(this: Round, hits: Sequence[Hit]) -> None:
    """Who was told of an order has it; nobody else has one, or paid; all books are clean."""
    strange = [hit for hit in hits if hit.status not in {201, 409} and hit.word != GONE]
    assert [(hit.status, hit.body) for hit in strange] == []
    told = {hit.body["order_no"]: hit for hit in hits if hit.status == 201}
    orders = orders_of(this.item)
    for number, hit in told.items():
        row, names = orders[number], ("pickup_code", "points", "status")
        assert tuple(getattr(row, name) for name in names) == tuple(map(hit.body.get, names))
    # Nobody else has an order, but those perhaps who went away before they heard.
    heard = {hit.shot.key: hit.word for hit in hits}
    untold = [row for number, row in orders.items() if number not in told]
    words = {row.order_no: heard[f"item-{this.item.id}-{row.member_id}"] for row in untold}
    assert set(words.values()) <= {GONE}, words
    owners = _owners(this.item)
    assert set(owners) <= set(range(1, STOCK + 1))
    assert sorted(owners.values()) == sorted(orders)
    references = {f"order:{number}" for number in orders}
    entries = db.session.execute(
        sa.select(LedgerEntry.reference, LedgerEntry.points)
        .join(RedemptionOrder, LedgerEntry.reference == "order:" + RedemptionOrder.order_no)
        .where(RedemptionOrder.source_id == this.item.id)
    ).all()
    assert sorted(tuple(row) for row in entries) == sorted((one, -PRICE) for one in references)
    assert_debits_are_orders()
    assert_books_are_clean()


def orders_of(item: FlashSaleItem) -> dict[str, Any]:
    """The orders of an item, by number."""
    db.session.rollback()
    rows = db.session.scalars(sa.select(RedemptionOrder).filter_by(source_id=item.id))
    return {row.order_no: row for row in rows}


def assert_debits_are_orders() -> None:
    """Nobody paid for an order that there is not."""
    order = "order:" + RedemptionOrder.order_no
    stray = (
        sa.select(LedgerEntry.reference)
        .outerjoin(RedemptionOrder, LedgerEntry.reference == order)
        .where(LedgerEntry.reason == "flash_sale", RedemptionOrder.id.is_(None))
    )
    assert list(db.session.scalars(stray)) == []


# ------------------------------------------------------------------ the database and its wire


@dataclass
class Database:
    """Where the judge and where the shop find it; what the shop finds can be refused to it."""

    direct: str
    served: str
    wire: Proxy | None = None

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Nobody may write: PostgreSQL refuses connections, SQLite's one writer is somebody else."""
        if self.wire is not None:
            self.wire.fault = proxy.Fault(down=True)
            self.wire.cut()
            try:
                yield
            finally:
                self.wire.fault = proxy.NONE
            return
        file = sa.make_url(self.direct).database or ""
        # Closing it gives up the lock.
        with contextlib.closing(sqlite3.connect(file, 10, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield


@contextlib.contextmanager
def sqlite_database(template: Path, folder: Path) -> Iterator[Database]:
    shutil.copy(template, folder / "mall.db")
    url = f"sqlite:///{folder / 'mall.db'}"
    yield Database(url, url)


@contextlib.contextmanager
def postgresql_database(make_tables: Callable[[str], None]) -> Iterator[Database]:
    """A server of its own, which the shop reaches through a wire."""
    with postgres.own_server(on_port=True) as server, proxy.running(server.port) as wire:
        direct = server.create_database()
        make_tables(direct)
        served = sa.make_url(direct).set(port=wire.port).render_as_string(hide_password=False)
        yield Database(direct, served, wire)


@contextlib.contextmanager
def open_shop(
    database: Database,
    folder: Path,
    *,
    settings: Mapping[str, object] | None = None,
    application: str = "",
    claims: str = CLAIMS,
    crowd: Sequence[Person] = (),
) -> Iterator[Shop]:
    """The shop and its servers, and the judge's own application in whose context we are."""
    with redis_faults.running() as store:
        own = {**TEST_SETTINGS, "REDIS_URL": store.url, **(settings or {})}
        served = web.running(
            folder, {**own, "DATABASE_URL": database.served}, application=application
        )
        with served as running, _judging({**own, "DATABASE_URL": database.direct}) as app:
            crowd = crowd or people(CROWD, PURSE)
            yield Shop(app, running, store, crowd, database, claims)


@contextlib.contextmanager
def _judging(settings: dict[str, object]) -> Iterator[Flask]:
    app = create_app(settings)
    with app.app_context():
        yield app
        revocation.stop(app)
        db.session.remove()
        db.engine.dispose()
    app.extensions["redis_client"].close()
