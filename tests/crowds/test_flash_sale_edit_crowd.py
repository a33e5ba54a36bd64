"""The second of opening: a merchant changes the price until the sale opens, while a crowd looks and claims.

Nobody pays a price that they were not shown, through real gunicorn with two workers.
"""

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from points_mall.flash_sale import services
from points_mall.flash_sale.errors import ItemsStay
from points_mall.flash_sale.items import items_of, terms_of
from points_mall.flash_sale.models import FlashSale
from points_mall.flash_sale.revising import ItemRevision, revise
from points_mall.flash_sale.terms import ItemTerms, SaleTerms, Slot
from points_mall.ledger import audit as ledger_audit
from points_mall.redemption.models import RedemptionOrder
from points_mall.stock import audit as stock_audit
from points_mall.stock import sweeping
from tests.campaign import report
from tests.conftest import TEST_SETTINGS
from tests.crowds.people import Person, people
from tests.services import web
from tests.services.web import Web

CROWD, STOCK, PURSE = 16, 40, 100_000
OPENS_IN, CLAIMS_FOR = timedelta(seconds=3), 2.5

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180), pytest.mark.usefixtures("app")]


@pytest.fixture
def shop(app: Flask, database: str, redis_server: str, tmp_path: Path) -> Iterator[Web]:
    """The shop on the same database and the same Redis as `app`."""
    urls = {"DATABASE_URL": database, "REDIS_URL": redis_server, "CLAIM_BURST": 0}
    with web.running(tmp_path, {**TEST_SETTINGS, **urls}) as running:
        yield running
        report(running.log.read_text()[-500:] if running.process.poll() is not None else "")


@dataclass(frozen=True)
class Bought:
    """What a member was shown, and what the claim of it was answered."""

    shown: int
    status: int
    body: dict[str, Any]


def test_nobody_pays_a_price_that_they_were_not_shown(shop: Web) -> None:
    crowd = people(CROWD, PURSE)
    sale_id, opens_at = on_sale()
    over = threading.Event()
    with ThreadPoolExecutor(CROWD) as pool:
        shoppers = [pool.submit(looks_and_claims, shop.port, sale_id, one, over) for one in crowd]
        changes = keep_changing(sale_id)
        time.sleep(max(0.0, (opens_at - now()).total_seconds()) + CLAIMS_FOR)
        over.set()
        bought = [one for shopper in shoppers for one in shopper.result()]

    words = Counter(one.body.get("code", "won") for one in bought)
    report(f"{changes} prices before the opening, {len(bought)} claims: {dict(words)}")
    won = [one for one in bought if one.status == 201]
    assert changes > 0
    assert len(won) == STOCK
    assert {one.shown for one in won} == {100 + changes}  # the price at which it opened
    assert all(one.body["points"] == one.shown for one in won)
    assert set(words) <= {"won", "not_started", "no_such_item", "sold_out", "ended", "try_later"}
    db.session.rollback()
    paid = list(db.session.scalars(sa.select(RedemptionOrder.points)))
    assert paid == [100 + changes] * STOCK
    assert list(ledger_audit.findings(db.session())) == []
    sweeping.reconcile_all()
    assert list(stock_audit.everything()) == []


def on_sale() -> tuple[int, Any]:
    opens_at = now() + OPENS_IN
    slot = Slot(opens_at, opens_at + timedelta(hours=1))
    item = ItemTerms("保温杯", 100, STOCK, allowance=None)
    (sale_id,) = services.create(SaleTerms("十点秒杀", (slot,), (item,)), actor="test")
    db.session.rollback()  # nobody keeps a transaction open through the storm
    return sale_id, opens_at


def keep_changing(sale_id: int) -> int:
    """Raise the price by one point again and again until the sale has opened; answer how often."""
    for changes in itertools.count():
        (item,) = items_of(db.session(), [sale_id])
        sale = db.session.get_one(FlashSale, sale_id)
        dearer = replace(terms_of(item), points_price=item.points_price + 1)
        title, opens_at, ends_at = sale.title, sale.starts_at, sale.ends_at
        items = [ItemRevision(dearer, item.id)]
        db.session.rollback()
        try:
            revise(sale_id, title=title, starts_at=opens_at, ends_at=ends_at, items=items)
        except ItemsStay:
            return changes
        time.sleep(0.05)
    raise AssertionError("it never opened")


def looks_and_claims(
    port: int, sale_id: int, person: Person, over: threading.Event
) -> list[Bought]:
    """Look at the sale, claim what it shows, look again."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    address, bought = f"/api/v1/flash-sales/{sale_id}", list[Bought]()
    while not over.is_set():
        _, sale = asked(wire, "GET", address)
        (item,) = sale["items"]
        headers = {
            "Authorization": f"Bearer {person.token}",
            "Idempotency-Key": f"claim-{len(bought):05d}-of-{person.member_id:05d}",
            "Content-Type": "application/json",
        }
        body = json.dumps({"item_id": item["id"]})
        status, answer = asked(wire, "POST", f"{address}/claims", body, headers)
        bought.append(Bought(item["points_price"], status, answer))
    wire.close()
    return bought


def asked(wire: http.client.HTTPConnection, verb: str, path: str, *rest: Any) -> tuple[int, Any]:
    wire.request(verb, path, *rest)
    answer = wire.getresponse()
    return answer.status, json.loads(answer.read())
