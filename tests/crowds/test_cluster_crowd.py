"""The same crowd with a Redis Cluster of three masters: several pools, each whole on one node."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
import sqlalchemy as sa
from flask import Flask
from redis.cluster import RedisCluster

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.core.redis import redis_client
from points_mall.flash_sale import services
from points_mall.flash_sale.models import FlashSaleItem
from points_mall.flash_sale.terms import ItemTerms, SaleTerms, Slot
from points_mall.ledger import audit as ledger_audit
from points_mall.stock import audit as stock_audit
from points_mall.stock import preparing, sweeping
from points_mall.stock.gate import keys_of
from points_mall.stock.models import StockUnit
from points_mall.stock.remaining import remaining_of
from tests.campaign import report, times
from tests.conftest import TEST_SETTINGS
from tests.crowds.people import Person, people
from tests.crowds.storm import Shot, storm
from tests.services import valkey, web
from tests.services.web import Web

ITEMS, STOCK, PRICE, PURSE, CROWD = 6, 20, 10, 1000, 100

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def redis_server() -> Iterator[str]:
    """A cluster of its own, which `app` uses too."""
    with valkey.cluster(masters=3) as url:
        yield url


@pytest.fixture
def shop(app: Flask, database: str, redis_server: str, tmp_path: Path) -> Iterator[Web]:
    urls = {"DATABASE_URL": database, "REDIS_URL": redis_server}
    with web.running(tmp_path, {**TEST_SETTINGS, **urls}) as running:
        yield running


def on_sale() -> list[FlashSaleItem]:
    moment = now()
    slot = Slot(moment - timedelta(minutes=1), moment + timedelta(hours=1))
    items = tuple(ItemTerms(f"奖品 {number}", PRICE, STOCK) for number in range(ITEMS))
    services.create(SaleTerms("集群秒杀", (slot,), items), actor="test")
    found = list(db.session.scalars(sa.select(FlashSaleItem).order_by(FlashSaleItem.id)))
    db.session.expunge_all()
    db.session.rollback()  # nobody keeps a transaction open through the storm
    return found


def shots(items: Sequence[FlashSaleItem], crowd: Sequence[Person]) -> list[Shot]:
    """Everybody wants one of everything, and asks twice."""
    return [
        Shot(
            f"/api/v1/flash-sales/{item.sale_id}/claims",
            one.token,
            f"claim-{item.id}-{one.member_id}",
            {"item_id": str(item.id)},
        )
        for one in crowd
        for item in items
        for _repeat in range(2)
    ]


def cluster() -> RedisCluster:
    return cast(RedisCluster, redis_client())


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_a_crowd_buys_through_a_cluster_what_there_is(shop: Web) -> None:
    crowd, items = people(times(CROWD), PURSE), on_sale()

    began = time.monotonic()
    hits = storm(shop.port, shots(items, crowd))
    took = time.monotonic() - began

    words = Counter(hit.word for hit in hits)
    report(f"{len(hits)} claims in {took:.1f} s ({len(hits) / took:.0f}/s): {dict(words)}")
    assert set(words) <= {"won", "repeated", "sold_out", "slow_down", "request_in_progress"}
    assert words["won"] == ITEMS * STOCK
    told = {hit.body["order_no"] for hit in hits if hit.status == 201}
    db.session.rollback()
    assert set(db.session.scalars(sa.select(StockUnit.holder))) == told
    assert_a_pool_is_whole_on_one_node(items)
    assert_books_are_clean(items)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_cluster_that_lost_everything_is_loaded_again(shop: Web) -> None:
    """Every script runs on it: gate, confirm, give back, load; so do audit, list and sweep."""
    crowd, items = people(ITEMS * STOCK, PURSE), on_sale()
    half = shots(items, crowd[: STOCK // 2])
    assert Counter(hit.word for hit in storm(shop.port, half, 8))["won"] == ITEMS * STOCK // 2
    cluster().flushall(target_nodes=RedisCluster.PRIMARIES)
    assert preparing.load_ahead() == ITEMS
    left = remaining_of(item.pool_id for item in items)
    assert left == {item.pool_id: STOCK // 2 for item in items}
    assert (sweeping.sweep_all(), sweeping.reconcile_all()) == (0, [])
    rest = storm(shop.port, shots(items, crowd[STOCK // 2 :]))
    assert Counter(hit.word for hit in rest)["won"] == ITEMS * STOCK // 2
    assert_books_are_clean(items)


def assert_a_pool_is_whole_on_one_node(items: Sequence[FlashSaleItem]) -> None:
    client = cluster()
    nodes: Counter[str] = Counter()
    for item in items:
        slots = {client.keyslot(key) for key in keys_of(item.pool_id)}
        assert len(slots) == 1
        nodes[client.nodes_manager.get_node_from_slot(slots.pop()).name] += 1
    assert len(nodes) > 1, "all pools are on one node: that proves little"


def assert_books_are_clean(items: Sequence[FlashSaleItem]) -> None:
    db.session.rollback()
    assert list(ledger_audit.findings(db.session())) == []
    # As in the other crowds: what a refused transaction told Redis, the next reconcile tells right.
    sweeping.reconcile_all()
    assert [str(found) for found in stock_audit.everything()] == []
    for item in items:
        assert cluster().hlen(keys_of(item.pool_id, "orders")[0]) == STOCK
        assert cluster().zcard(keys_of(item.pool_id, "pending")[0]) == 0
