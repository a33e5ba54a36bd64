"""Members with points, rewards with stock, and short names for what these tests look at."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from points_mall.catalogue import services
from points_mall.catalogue.models import RewardVariant
from points_mall.catalogue.terms import NewVariant, RewardTerms
from points_mall.ledger import audit as ledger_audit
from points_mall.ledger import posting
from points_mall.ledger.models import LedgerEntry, PointsAccount, PointsHold
from points_mall.ledger.reasons import declare
from points_mall.redemption import audit as redemption_audit
from points_mall.redemption.models import RedemptionOrder
from points_mall.stock import audit as stock_audit
from points_mall.stock.models import StockUnit
from tests.builders import bearer

GIFT = declare("test_gift", "测试赠送", "Test gift", counterparty="test")
ADDRESS = {
    "name": "李雷",
    "phone": "13800138000",
    "region": "上海市 徐汇区",
    "detail": "漕溪北路 1 号",
}
_keys = itertools.count(1)


@pytest.fixture
def app_settings() -> dict[str, object]:
    """No pace of claims: the tests of the gate have their own."""
    return {"CLAIM_BURST": 0}


def enrol(count: int = 1, points: int = 1000) -> list[int]:
    """`count` members with points, by id."""
    with transaction() as session:
        found = session.scalar(sa.select(sa.func.count(Member.id))) or 0
        members = [
            Member(member_no=f"{found + number:012d}", joined_at=now()) for number in range(count)
        ]
        session.add_all(members)
        session.flush()  # the ids are the answer
        ids = [member.id for member in members]
        for member_id in ids if points else []:
            posting.credit(member_id, points, reason=GIFT, reference="start")
    return ids


def reward(stock: int = 5, points: int = 100, **terms: Any) -> int:
    """A reward with one variant, by id."""
    return published([NewVariant(stock)], points=points, **terms)


def published(variants: list[NewVariant], **terms: Any) -> int:
    """A reward with these variants, by id."""
    values: dict[str, Any] = {"title": "帆布袋", "points": 100, "fulfilment": "pickup", **terms}
    return services.publish(RewardTerms(**values), variants)


def variants_of(reward_id: int) -> list[int]:
    query = sa.select(RewardVariant.id).filter_by(reward_id=reward_id).order_by(RewardVariant.id)
    return list(db.session.scalars(query))


def fresh_key() -> str:
    return f"a-key-of-the-tests-{next(_keys)}"


@dataclass
class Shopper:
    """A member at the counter of the API."""

    client: FlaskClient
    member_id: int
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = bearer(self.member_id)

    def redeem(self, reward_id: int, key: str | None = None, **asked: Any) -> Any:
        body = {"reward_id": str(reward_id), **asked}
        return self.post("/api/v1/redemptions", body, key)

    def cancel(self, order_no: str, key: str | None = None) -> Any:
        return self.post(f"/api/v1/redemptions/{order_no}/cancel", None, key)

    def post(self, path: str, body: Any, key: str | None = None) -> Any:
        headers = self.headers | {"Idempotency-Key": key or fresh_key()}
        return self.client.post(path, json=body, headers=headers)

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self.headers)


@pytest.fixture
def li(app: Flask, client: FlaskClient) -> Shopper:
    """A shopper with a thousand points."""
    return Shopper(client, enrol(1)[0])


@pytest.fixture
def mei(app: Flask, client: FlaskClient, li: Shopper) -> Shopper:
    """Another one."""
    return Shopper(client, enrol(1)[0])


def picture() -> dict[str, Any]:
    """Everything that an order can move: compare it before and after a refusal."""
    db.session.rollback()
    accounts = sa.select(PointsAccount.member_id, PointsAccount.available, PointsAccount.held)
    orders = sa.select(RedemptionOrder.order_no, RedemptionOrder.status)
    units = sa.select(StockUnit.pool_id, StockUnit.unit_no, StockUnit.holder)
    return {
        "accounts": sorted(map(tuple, db.session.execute(accounts))),
        "orders": sorted(map(tuple, db.session.execute(orders))),
        "units": sorted(map(str, db.session.execute(units))),
        "entries": db.session.scalar(sa.select(sa.func.count(LedgerEntry.id))),
        "holds": db.session.scalar(sa.select(sa.func.count(PointsHold.id))),
    }


def status_of(order_no: str) -> str:
    db.session.rollback()
    return str(db.session.scalar(sa.select(RedemptionOrder.status).filter_by(order_no=order_no)))


def available(member_id: int) -> int:
    db.session.rollback()
    query = sa.select(PointsAccount.available).filter_by(member_id=member_id)
    return int(db.session.scalar(query) or 0)


def audited() -> list[str]:
    """What the audits of ledger, stock and orders find: nothing, hopefully."""
    db.session.rollback()
    found = [*ledger_audit.findings(db.session()), *stock_audit.differences()]
    return [str(one) for one in (*found, *redemption_audit.findings())]
