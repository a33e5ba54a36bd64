"""What happens in the mall as WeChat tells it, and what is looked at afterwards."""

import itertools
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.jobs import engine
from miniprogram_api.jobs.models import Job, JobState
from points_mall.business_circle.models import CircleShopper, CircleSync
from points_mall.purchases.draining import drain
from points_mall.purchases.inbox import store
from points_mall.purchases.models import PaymentNotice
from points_mall.purchases.states import BUSINESS_CIRCLE
from tests.miniprogram_api.wechat.pay_stub import APPID, MCHID

POINTS = "/v3/businesscircle/points/notify"
BOUGHT, REFUNDED, ACTIVATED = (
    "MALL_TRANSACTION.SUCCESS",
    "MALL_REFUND.SUCCESS",
    "MALL_AUTH.ACTIVATE_CARD",
)

_ids = itertools.count(1)


def bought(transaction_id: Any = "42001", openid: Any = "oAnna", **changed: Any) -> dict[str, Any]:
    """Anna paid 88 yuan at noon for her lunch."""
    return {
        "mchid": MCHID,
        "merchant_name": "万象城",
        "shop_name": "面馆",
        "shop_number": "1024",
        "appid": APPID,
        "openid": openid,
        "time_end": "2026-11-21T12:00:00+08:00",
        "amount": 8800,
        "transaction_id": transaction_id,
        **changed,
    }


def given_back(
    refund_id: Any = "50001", transaction_id: Any = "42001", **changed: Any
) -> dict[str, Any]:
    """The shop gave 44 of the 88 yuan back."""
    return {
        "mchid": MCHID,
        "merchant_name": "万象城",
        "shop_name": "面馆",
        "shop_number": "1024",
        "appid": APPID,
        "openid": "oAnna",
        "refund_time": "2026-11-21T13:00:00+08:00",
        "pay_amount": 8800,
        "refund_amount": 4400,
        "transaction_id": transaction_id,
        "refund_id": refund_id,
        **changed,
    }


def activated(openid: Any = "oAnna", *, authorized: bool = True, **changed: Any) -> dict[str, Any]:
    """Anna became a member of the mall in the plugin."""
    kind = "REGISTERED_AND_AUTHORIZATION_MODE" if authorized else "REGISTERED_MODE"
    return {"openid": openid, "code": "8812", "mchid": MCHID, "auth_type": kind, **changed}


def hear(*told: tuple[str, Any]) -> list[tuple[str, str | None]]:
    """WeChat tells all this, and it is applied at once: state and note of each notice."""
    names = [f"notice-{next(_ids)}" for _ in told]
    for name, (event_type, resource) in zip(names, told, strict=True):
        store(BUSINESS_CIRCLE, name, event_type, resource)
    drain()
    db.session.rollback()
    rows = db.session.scalars(sa.select(PaymentNotice).filter(PaymentNotice.notice_id.in_(names)))
    found = {row.notice_id: (row.state, row.note) for row in rows}
    return [found[name] for name in names]


def run(name: str) -> None:
    """Run the jobs of one name that are due; the inbox's own would wait for their second to end."""
    db.session.rollback()
    due = sa.select(Job.id).filter_by(name=name, state=JobState.QUEUED).where(Job.due_at <= now())
    for job_id in db.session.scalars(due).all():
        assert engine.run(job_id)


def syncs() -> list[tuple[Any, ...]]:
    """Every purchase that WeChat is told of: number, whether it is a member's, points, reason, state."""
    db.session.rollback()
    rows = db.session.scalars(sa.select(CircleSync).order_by(CircleSync.transaction_id))
    return [
        (row.transaction_id, row.member_id is not None, row.points, row.remark, row.state)
        for row in rows
    ]


def sync_of(transaction_id: str = "42001") -> CircleSync:
    db.session.rollback()
    return db.session.scalars(sa.select(CircleSync).filter_by(transaction_id=transaction_id)).one()


def shopper(openid: str = "oAnna") -> CircleShopper:
    db.session.rollback()
    return db.session.scalars(sa.select(CircleShopper).filter_by(openid=openid)).one()
