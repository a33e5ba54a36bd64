"""Telling WeChat what each purchase earned: a queue, asked outside of any transaction.

A refusal (4xx) is final and stays visible; anything else is tried again. What is told was written
down with the purchase, so that a repeat after a lost answer says the same.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.log import log
from miniprogram_api.jobs.outbox import enqueue
from miniprogram_api.jobs.rules import told
from miniprogram_api.wechat.errors import Retryable, WeChatError
from miniprogram_api.wechat.extension import pay
from points_mall.earning.explaining import OUTCOMES
from points_mall.purchases.facts import Recorded
from points_mall.purchases.models import Purchase

from .errors import NoSuchSync
from .facts import MallPurchase
from .models import CircleSync
from .states import GIVE_UP_AFTER, SyncState, wait_after

SYNC = "circle.sync"
"""The job that tells WeChat what is due."""

BATCH = 20
LEASE = timedelta(minutes=5)
"""How long whoever has taken a sync may ask WeChat before another tries."""

NO_MEMBER = "还不是会员"
NO_POINTS = "本单不参与积分"

syncs = cast(sa.Table, CircleSync.__table__)
_DUE = (
    sa.select(syncs)
    .where(syncs.c.state == SyncState.DUE, syncs.c.due_at <= sa.bindparam("moment"))
    .order_by(syncs.c.due_at, syncs.c.id)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
_EXPLANATIONS = sa.select(Purchase.purchase_no, Purchase.explanation).where(
    bulk.among(Purchase.purchase_no, "numbers")
)
_log = log(__name__)


def write_down(
    session: Session,
    purchases: Sequence[tuple[MallPurchase, Recorded]],
    members: Mapping[str, int],
) -> None:
    """Write down what WeChat is to be told of purchases just recorded; known ones stay as they are.

    :param members: who they are, by openid; others are told that they earned nothing.
    """
    moment = now()
    reasons = _reasons(session, [answer for _, answer in purchases if not answer.points_earned])
    rows = [
        {
            "transaction_id": purchase.transaction_id,
            "openid": purchase.openid,
            "member_id": members.get(purchase.openid),
            "amount_fen": purchase.amount_fen,
            "paid_at": purchase.paid_at,
            "claimed": purchase.claimed,
            "points": answer.points_earned,
            "remark": reasons.get(answer.purchase_no or ""),
            "state": SyncState.DUE.value,
            "attempts": 0,
            "due_at": moment,
            "created_at": moment,
        }
        for purchase, answer in purchases
    ]
    if bulk.insert_missing(session, syncs, rows):
        # One job for all that is written within a second, once that second is over.
        over = moment.replace(microsecond=0) + timedelta(seconds=1)
        enqueue(SYNC, {}, key=over.isoformat(), due_at=over)


def tell_due() -> int:
    """Tell WeChat everything that is due; answer how many purchases it has answered.

    Where it answers nothing, the rest is left for later.
    """
    count = 0
    while taken := _take():
        results = [_tell(sync) for sync in taken]
        _settle(results)
        answered = sum(result["state"] != SyncState.DUE for result in results)
        if not answered:
            break
        count += answered
    return count


def try_again(transaction_id: str) -> None:
    """Let a refused sync be tried once more, after somebody has mended the cause.

    :raises NoSuchSync: no purchase has this number, or WeChat knows of it already.
    """
    moment = now()
    again = (
        sa.update(syncs)
        .where(syncs.c.transaction_id == transaction_id, syncs.c.state == SyncState.REFUSED)
        .values(state=SyncState.DUE.value, attempts=0, due_at=moment, error=None)
    )
    with transaction() as session:
        if not session.execute(again.returning(syncs.c.id)).all():
            raise NoSuchSync(f"no refused sync of {transaction_id}")
        enqueue(SYNC, {})


def recent(state: SyncState | None, limit: int) -> Sequence[CircleSync]:
    """The latest purchases in the mall, newest first."""
    query = sa.select(CircleSync).order_by(CircleSync.id.desc()).limit(limit)
    return db.session.scalars(query if state is None else query.filter_by(state=state.value)).all()


def _reasons(session: Session, recorded: Sequence[Recorded]) -> dict[str, str]:
    """Why purchases earned nothing, in the shopper's words, by purchase number."""
    numbers = sorted({answer.purchase_no or "" for answer in recorded})
    if not numbers:
        return {}
    rows = session.execute(_EXPLANATIONS, {"numbers": numbers})
    return {row.purchase_no: _reason(row.explanation) for row in rows}


def _reason(explanation: Mapping[str, Any] | None) -> str:
    earned = (explanation or {}).get("earned")
    if earned is None:
        return NO_MEMBER
    return OUTCOMES.get(earned.get("outcome"), NO_POINTS).partition(" · ")[0]


@retrying
def _take() -> list[Any]:
    """The next syncs, kept from others while we ask."""
    moment = now()
    with transaction() as session:
        taken = list(session.execute(_DUE, {"moment": moment}).mappings())
        rows = [
            {"id": one["id"], "attempts": one["attempts"] + 1, "due_at": moment + LEASE}
            for one in taken
        ]
        bulk.update(session, syncs, rows)
    return taken


def _tell(sync: Any) -> dict[str, Any]:
    """Tell WeChat of one purchase; how its row is to change."""
    try:
        pay().sync_points(
            transaction_id=sync["transaction_id"],
            openid=sync["openid"],
            points=sync["points"],
            updated_at=sync["created_at"],
            remark=sync["remark"] or "",
        )
    except WeChatError as error:
        return _after(error, sync, now())
    return _row(sync, SyncState.DONE, sync["due_at"], synced_at=now())


def _after(error: WeChatError, sync: Any, moment: datetime) -> dict[str, Any]:
    if isinstance(error, Retryable) and moment - sync["created_at"] < GIVE_UP_AFTER:
        wait = wait_after(sync["attempts"] + 1)
        return _row(sync, SyncState.DUE, moment + wait, error=told(error)[:255])
    _log.error("circle_sync_refused", transaction_id=sync["transaction_id"], error=told(error))
    return _row(sync, SyncState.REFUSED, moment, error=told(error)[:255])


def _row(
    sync: Any,
    state: SyncState,
    due_at: datetime,
    *,
    error: str | None = None,
    synced_at: datetime | None = None,
) -> dict[str, Any]:
    return {
        "id": sync["id"],
        "state": state.value,
        "due_at": due_at,
        "error": error,
        "synced_at": synced_at,
    }


@retrying
def _settle(rows: Sequence[dict[str, Any]]) -> None:
    with transaction() as session:
        # An account that was closed meanwhile has ended its syncs.
        bulk.update(session, syncs, rows, only="circle_sync.state = 'due'")
