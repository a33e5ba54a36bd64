"""Applying what the inbox holds: in batches, each one transaction; a bad notice fails alone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.errors import Unavailable
from miniprogram_api.core.log import log
from miniprogram_api.jobs.rules import told

from .inbox import Applied, Notice, applier_of, table
from .states import NoticeState

BATCH = 200

TRY_AGAIN_FOR = timedelta(days=3)
"""How long a notice that cannot be applied yet is tried again."""

KEPT_FOR = timedelta(days=180)
"""How long a notice is kept after it came; it names its payer, and nobody repeats it any more."""

_ELSEWHERE = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError, Unavailable)
"""Errors of what we need, not of the notice: it stays stored."""

_IS_STORED = table.c.state == NoticeState.STORED
_NEXT = sa.select(table).where(_IS_STORED).order_by(table.c.id).with_for_update(skip_locked=True)
_ANY = sa.select(table.c.id).where(_IS_STORED).limit(1)
_log = log(__name__)


def drain() -> int:
    """Apply everything that is stored; answer how many notices."""
    count = 0
    while _is_any_stored():
        if not (done := drain_batch()):
            break  # others have taken what is left
        count += done
    return count


def try_again() -> int:
    """Let notices that could not be applied yet be tried again; answer how many."""
    youngest = now() - TRY_AGAIN_FOR
    return _store_again(table.c.state == NoticeState.WAITING, table.c.received_at > youngest)


def try_failed_again(notice_ids: Sequence[int]) -> int:
    """Let notices that failed be tried again, once somebody has mended the cause; how many."""
    return _store_again(table.c.state == NoticeState.FAILED, table.c.id.in_(notice_ids))


def forget_settled(at_most: int = 5000) -> int:
    """Delete the oldest notices that were settled long ago, in one transaction; how many."""
    is_settled = table.c.state.in_([NoticeState.APPLIED, NoticeState.IGNORED])
    oldest = (
        sa.select(table.c.id)
        .where(is_settled, table.c.received_at < now() - KEPT_FOR)
        .order_by(table.c.id)
        .limit(at_most)
    )
    with transaction() as session:
        gone = session.execute(sa.delete(table).where(table.c.id.in_(oldest)).returning(table.c.id))
        return len(gone.all())


def _is_any_stored() -> bool:
    # A read first: on SQLite, asking for the one write lock in vain would cost others.
    db.session.rollback()
    found = db.session.scalar(_ANY)
    db.session.rollback()
    return found is not None


def drain_batch() -> int:
    """Apply the next batch in one transaction, or, where that fails, one notice in each."""
    try:
        return _apply_next(BATCH)
    except _ELSEWHERE:
        raise
    except Exception as error:  # noqa: BLE001 - found out below, notice by notice
        _log.warning("notices_tried_one_by_one", error=told(error))
    return sum(_apply_alone() for _ in range(BATCH))


def _apply_alone() -> int:
    """Apply the next notice; where it fails, say so in its row and go on."""
    ids: list[int] = []
    try:
        return _apply_next(1, ids)
    except _ELSEWHERE:
        raise
    except Exception as error:  # noqa: BLE001 - one notice's failure must not stop the others
        _log.error("notice_failed", notice=ids, error=told(error))
        return _mark_failed(ids, told(error))


@retrying
def _apply_next(limit: int, taken: list[int] | None = None) -> int:
    with transaction() as session:
        notices = [_notice(row) for row in session.execute(_NEXT.limit(limit))]
        if taken is not None:
            taken[:] = [notice.id for notice in notices]
        results = _apply(notices)
        _write(session, results)
    return len(notices)


def _apply(notices: Iterable[Notice]) -> list[tuple[Notice, Applied]]:
    """Hand each kind to who applies it."""
    by_kind: dict[tuple[str, str], list[Notice]] = defaultdict(list)
    for notice in notices:
        by_kind[notice.source, notice.event_type].append(notice)
    results: list[tuple[Notice, Applied]] = []
    for (source, event_type), some in by_kind.items():
        applier = applier_of(source, event_type)
        if applier is None:
            unknown = Applied(NoticeState.IGNORED, f"nobody applies {event_type}"[:500])
            results += [(notice, unknown) for notice in some]
        else:
            results += zip(some, applier(some), strict=True)
    return results


def _write(session: Session, results: Sequence[tuple[Notice, Applied]]) -> None:
    moment = now()
    rows = [
        {
            "id": notice.id,
            "state": applied.state.value,
            "note": applied.note,
            "applied_at": moment if applied.state is NoticeState.APPLIED else None,
        }
        for notice, applied in results
    ]
    bulk.update(session, table, rows)


@retrying
def _mark_failed(ids: Sequence[int], why: str) -> int:
    rows = [{"id": one, "state": NoticeState.FAILED.value, "note": why} for one in ids]
    with transaction() as session:
        bulk.update(session, table, rows)
    return len(ids)


@retrying
def _store_again(*conditions: sa.ColumnElement[bool]) -> int:
    again = sa.update(table).where(*conditions).values(state=NoticeState.STORED.value)
    with transaction() as session:
        return len(session.execute(again.returning(table.c.id)).all())


def _notice(row: Any) -> Notice:
    return Notice(row.id, row.source, row.notice_id, row.event_type, row.resource, row.received_at)
