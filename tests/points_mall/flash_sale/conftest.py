"""A sale of a few things, members with points, and short names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from points_mall.flash_sale import sales, services, shown
from points_mall.flash_sale.models import FlashSaleItem
from points_mall.flash_sale.terms import ItemTerms, SaleTerms, Slot
from points_mall.ledger import audit as ledger_audit
from points_mall.ledger import posting
from points_mall.ledger.reasons import declare
from points_mall.redemption.models import RedemptionOrder
from points_mall.stock import audit as stock_audit
from points_mall.stock import pools, remaining, sold_out
from points_mall.stock.models import StockUnit
from tests.builders import bearer, enrolled_member

GIFT = declare("test_flash_gift", "测试赠送", "Test gift", counterparty="adjustment")
HOUR = timedelta(hours=1)
MUG = ItemTerms("保温杯", 100, 3)


@pytest.fixture
def app_settings() -> dict[str, object]:
    """No pace and no memory of sold-out pools: the tests of these set their own."""
    return {"CLAIM_BURST": 0, "SOLD_OUT_MEMORY_SECONDS": 0.0}


def forget_all() -> None:
    pools.forget_cached()
    sold_out.forget_all()
    remaining.forget_cached()


def look_again() -> None:
    """As if a second had passed: what this process keeps of sales is read anew."""
    forget_all()
    sales.forget_cached()
    shown.forget_cached()


@dataclass(frozen=True)
class Held:
    """A published sale and the ids of its items."""

    id: int
    items: list[int]
    pools: list[int]


def published(
    *items: ItemTerms, starts_at: datetime | None = None, lasts: timedelta = HOUR
) -> Held:
    """A sale that runs since a minute ago, unless told otherwise."""
    begins = starts_at or now() - timedelta(minutes=1)
    terms = SaleTerms("周末秒杀", (Slot(begins, begins + lasts),), items or (MUG,))
    [sale_id] = services.publish(terms, actor="test")
    rows = db.session.execute(
        sa.select(FlashSaleItem.id, FlashSaleItem.pool_id)
        .filter_by(sale_id=sale_id)
        .order_by(FlashSaleItem.position)
    ).all()
    return Held(sale_id, [row.id for row in rows], [row.pool_id for row in rows])


def member_with(points: int, name: str = "oLi-who-shops-on-Saturdays-01") -> int:
    member_id = enrolled_member(name)
    if points:
        with transaction():
            posting.credit(member_id, points, reason=GIFT, reference="test:gift")
    return member_id


@dataclass
class Shopper:
    """A member at the phone."""

    client: FlaskClient
    member_id: int
    headers: dict[str, str]
    tries: int = 0

    def claim(self, sale: Held, item: int = 0, key: str | None = None, **more: Any) -> Any:
        self.tries += 1
        key = key or f"claim-{self.member_id}-{self.tries}"
        return self.client.post(
            f"/api/v1/flash-sales/{sale.id}/claims",
            json={"item_id": str(sale.items[item]), **more},
            headers={**self.headers, "Idempotency-Key": key},
        )


def shopper(
    client: FlaskClient, points: int = 1000, name: str = "oLi-shopper-0000000001"
) -> Shopper:
    member_id = member_with(points, name)
    return Shopper(client, member_id, bearer(member_id))


def shoppers(client: FlaskClient, count: int, points: int = 1000) -> list[Shopper]:
    return [shopper(client, points, f"oShopper-number-{number:08d}") for number in range(count)]


def outcome(answers: Sequence[Any]) -> list[Any]:
    """The code of each refusal, the status of each order."""
    return [answer.get_json().get("code") or answer.get_json()["status"] for answer in answers]


def orders() -> list[RedemptionOrder]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(RedemptionOrder).order_by(RedemptionOrder.id)))


def free_units(pool_id: int) -> int:
    db.session.rollback()
    query = (
        sa.select(sa.func.count()).select_from(StockUnit).filter_by(pool_id=pool_id, holder=None)
    )
    return db.session.scalar(query) or 0


def assert_books_are_clean(app: Flask) -> None:
    db.session.rollback()
    assert list(ledger_audit.findings(db.session())) == []
    assert list(stock_audit.everything()) == []
