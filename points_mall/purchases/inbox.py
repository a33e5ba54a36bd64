"""The inbox: what a payment system tells us is stored first, answered, and applied then.

Notices that arrive together are stored together. The first one of each second writes the job that
drains (`draining`); whoever knows a kind of notices joins with `handler`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from flask import current_app

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import after_commit, db, retrying, transaction
from miniprogram_api.core.group_commit import group_of
from miniprogram_api.jobs.outbox import enqueue

from .models import PaymentNotice
from .states import NoticeState

DRAIN = "purchases.drain"
"""The job that applies what is stored."""

_WOKEN = "payment_inbox.woken"
"""Where an application keeps the last second whose job is written."""

table = cast(sa.Table, PaymentNotice.__table__)


@dataclass(frozen=True)
class Notice:
    """One notice, verified and decrypted, as it was stored."""

    id: int
    source: str
    notice_id: str
    event_type: str
    resource: dict[str, Any]
    received_at: datetime


@dataclass(frozen=True)
class Applied:
    """What became of a notice, and why, for those who look at it later."""

    state: NoticeState = NoticeState.APPLIED
    note: str | None = None


Applier = Callable[[Sequence[Notice]], Sequence[Applied]]
"""Applies notices of one kind in the caller's transaction, in a constant number of statements, and
answers each in order. A repeat must be harmless. An error fails the batch, whose notices are then
tried one by one: raise for a single notice, and only that one is marked as failed."""

_appliers: dict[tuple[str, str], Applier] = {}


def handler(source: str, event_type: str) -> Callable[[Applier], Applier]:
    """Register who applies a kind: `@handler("wechat_pay", "TRANSACTION.SUCCESS")`."""

    def register(applier: Applier) -> Applier:
        if _appliers.setdefault((source, event_type), applier) is not applier:
            raise ValueError(f"two features want the notices {source} {event_type}")
        return applier

    return register


def applier_of(source: str, event_type: str) -> Applier | None:
    """Who applies a kind; None: it concerns nothing of ours."""
    return _appliers.get((source, event_type))


def store(source: str, notice_id: str, event_type: str, resource: Mapping[str, Any]) -> None:
    """Store a notice, with whatever arrives at the same time; one stored before is left alone."""
    db.session.rollback()  # nobody keeps a connection while waiting for the group
    row = _row(source, notice_id, event_type, resource, now())
    group_of("payment_inbox", _store_group).submit(row)


def store_all(told: Iterable[tuple[str, str, str, Mapping[str, Any]]]) -> int:
    """Store notices, as (source, notice id, event type, resource); answer how many were new."""
    moment = now()
    return _store([_row(*one, moment) for one in told])


def _row(
    source: str, notice_id: str, event_type: str, resource: Mapping[str, Any], moment: datetime
) -> dict[str, Any]:
    return {
        "source": source,
        "notice_id": notice_id,
        "event_type": event_type,
        "resource": dict(resource),
        "state": NoticeState.STORED.value,
        "received_at": moment,
    }


def _store_group(rows: Sequence[dict[str, Any]]) -> list[bool | Exception]:
    _store(rows)
    return [True] * len(rows)


@retrying
def _store(rows: Sequence[dict[str, Any]]) -> int:
    """One transaction for all: the notices, and the job that applies them."""
    with transaction() as session:
        count = bulk.insert_missing(session, table, rows)
        if count:
            _wake()
    return count


def _wake() -> None:
    """Write the job of this second, unless this process knows that it is there."""
    second, known = str(int(now().timestamp())), current_app.extensions
    if known.get(_WOKEN) != second:
        enqueue(DRAIN, {"second": second}, key=second)
        after_commit(lambda: known.update({_WOKEN: second}))
