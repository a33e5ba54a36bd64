"""A shop in which something stands on every page: the demo's people and goods, and a day's work on top."""

import io
import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask
from rich.console import Console

from lottery import services as wheels
from lottery.demo import demo_wheel
from lottery.models import Wheel
from miniprogram_api.core.clock import now, today
from miniprogram_api.core.db import db, transaction
from miniprogram_api.demo import seeds
from miniprogram_api.jobs.models import Job, JobState
from miniprogram_api.members.models import Member
from miniprogram_api.members.names import follow_nickname
from miniprogram_api.merchant import notes
from miniprogram_api.risk import blocks
from miniprogram_api.risk.models import RiskDecision
from miniprogram_api.risk.subjects import Kind
from points_mall.catalogue.models import Reward, RewardVariant
from points_mall.ledger import adjustments
from points_mall.purchases.facts import Paid
from points_mall.purchases.recording import record_purchase
from points_mall.purchases.states import TILL
from points_mall.redemption.models import RedemptionOrder
from points_mall.tiers import publishing as ladders
from points_mall.tiers.terms import FIRST_TERMS
from tests.builders import bearer
from tests.office import Clerk

BEYOND_THE_LIMIT = 900_000


_keys = itertools.count(1)


def open_full_shop(app: Flask) -> None:
    """Run every seed; then names, a note, an adjustment that waits, a block, orders, draws, what went wrong."""
    seeds.run(Console(file=io.StringIO()))
    is_open = Member.closed_at.is_(None)
    members = list(db.session.scalars(sa.select(Member.id).where(is_open).order_by(Member.id)))
    first, last = members[0], members[-1]
    for number, member_id in enumerate(members, 1):
        _call(member_id, f"顾客{number}")
    notes.write(first, "常来的客人")
    has = adjustments.foresee(first, 4_000).available
    adjustments.adjust(first, 4_000, why="补偿", key="full-shop-gift", seen=has)
    has = adjustments.foresee(first, BEYOND_THE_LIMIT).available
    adjustments.adjust(first, BEYOND_THE_LIMIT, why="补偿", key="full-shop-adjust", seen=has)
    blocks.block(Kind.MEMBER, str(last), reason="代购", actor="staff:manager")
    _refuse_and_bury(last)
    wheel_id = db.session.scalar(sa.select(Wheel.id))
    assert wheel_id is not None
    wheels.change(wheel_id, demo_wheel())
    ladders.publish(FIRST_TERMS, today() + timedelta(days=1))
    _buy(_Shopper(app, first), wheel_id)
    _import_shipments(app)


@dataclass
class _Shopper:
    """A member's phone."""

    app: Flask
    member_id: int

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        key = {"Idempotency-Key": f"a-key-of-the-full-shop-{next(_keys)}"}
        answer = self.app.test_client().post(
            f"/api/v1{path}", json=body, headers=bearer(self.member_id) | key
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())


def _buy(shopper: _Shopper, wheel_id: int) -> None:
    """Lunch, a parcel, a pick-up and a draw."""
    record_purchase(Paid(TILL, "full-shop-lunch", 38_00, now(), shopper.member_id, title="午餐"))
    delivery = {"name": "张小华", "phone": "13812345991", "region": "浙江杭州", "detail": "一号楼"}
    shirt, size = db.session.execute(
        sa.select(RewardVariant.reward_id, RewardVariant.id).where(RewardVariant.name == "M")
    ).one()
    shopper.post("/redemptions", reward_id=str(shirt), variant_id=str(size), delivery=delivery)
    coffee = db.session.scalar(sa.select(Reward.id).filter_by(title="美式咖啡一杯"))
    shopper.post("/redemptions", reward_id=str(coffee))
    shopper.post(f"/wheels/{wheel_id}/draws", nonce="the-nonce-of-a-phone")


def _import_shipments(app: Flask) -> None:
    """A file of parcels, of which one is known."""
    order_no = db.session.scalar(sa.select(RedemptionOrder.order_no).order_by(RedemptionOrder.id))
    text = f"订单号,快递公司,运单号\n{order_no},顺丰,SF1234567890\n000000000000,圆通,YT1\n"
    sent = Clerk(app, "manager").post(
        "/admin/shipments/imports", file=(io.BytesIO(text.encode()), "parcels.csv")
    )
    assert sent.status_code == 303, sent.text


def _call(member_id: int, nickname: str) -> None:
    with transaction() as session:
        member = session.get_one(Member, member_id)
        member.nickname, member.nickname_checked = nickname, True
        follow_nickname(member_id, nickname)


def _refuse_and_bury(member_id: int) -> None:
    moment = now()
    with transaction() as session:
        session.add(
            RiskDecision(
                subject=f"member:{member_id}",
                action="draw",
                day=today(),
                verdict="deny",
                reasons="blocked_member",
                inputs={},
                rule_version="1",
                first_at=moment,
                last_at=moment,
            )
        )
        session.add(
            Job(
                name="points.expire",
                payload={},
                state=JobState.BURIED,
                last_error="RuntimeError: the line was cut",
                created_at=moment,
                due_at=moment,
                finished_at=moment,
            )
        )
