"""What callers were answered, kept for their repeats: one record for each (scope, key).

A record commits in the same transaction as its effects, so there is no moment in which one exists
without the other. A refusal moved nothing and leaves no record: its repeat is judged anew.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import canonical_json, current_transaction, db, transaction
from miniprogram_api.core.errors import Conflict, DomainError, Unprocessable

from .models import IdempotencyRecord

_TABLE = cast(sa.Table, IdempotencyRecord.__table__)
_RECORDED = sa.select(_TABLE).where(
    bulk.among(_TABLE.c.scope, "scopes"), bulk.among(_TABLE.c.key, "keys")
)
_LOCK = sa.text(
    "SELECT number FROM unnest(CAST(:numbers AS bigint[])) AS number"
    " WHERE NOT pg_try_advisory_xact_lock(number)"
)


class IdempotencyKeyReused(Unprocessable):
    """The key already stands for another request of this caller."""

    code = "idempotency_key_reused"
    title_zh = "请勿重复使用幂等键"
    title_en = "Idempotency-Key was used for another request"


class RequestInProgress(Conflict):
    """The first request with this key is still at work; ask again shortly."""

    code = "request_in_progress"
    title_zh = "正在处理，请稍候"
    title_en = "Still at work on the first request"
    retry_after_seconds = 1


@dataclass(frozen=True)
class Claim:
    """One request with its key: whose it is and what it asks."""

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True)
class Answer:
    """What a request was answered, ready to be given again."""

    status: int
    body: Any


@dataclass(frozen=True)
class Told:
    """The answer to a claim; `is_repeat`: it is that of an earlier one."""

    answer: Answer
    is_repeat: bool = False


def fingerprint(method: str, path: str, body: object) -> str:
    """What a request asks, whatever the order of its fields: SHA-256, hex."""
    return hashlib.sha256(f"{method} {path}\n{canonical_json(body)}".encode()).hexdigest()


def claim_all(session: Session, claims: Sequence[Claim]) -> list[Answer | DomainError | None]:
    """Take the keys of many requests in a constant number of statements.

    For each claim: the first answer of a repeat, the refusal, or None where the work may begin. Who
    gets None must `store_all` in the same transaction. On PostgreSQL a key is locked for the
    transaction; SQLite lets one writer in at a time, which is the same. Of claims with the same key
    in one call, the first is judged and the others are in progress.
    """
    busy = _in_progress(session, claims)
    known = _recorded(session, claims)
    verdicts = []
    for claim in claims:
        place = (claim.scope, claim.key)
        verdicts.append(_judge(claim, known.get(place), busy))
        if verdicts[-1] is None:
            busy.add(place)
    return verdicts


def claim_one(session: Session, claim: Claim) -> Answer | None:
    """Take the key of one request: the first answer of a repeat, or None where the work may begin.

    :raises IdempotencyKeyReused: the key stands for another request.
    :raises RequestInProgress: the first request is still at work.
    """
    [verdict] = claim_all(session, [claim])
    if isinstance(verdict, DomainError):
        raise verdict
    return verdict


def store_all(session: Session, answers: Sequence[tuple[Claim, Answer]]) -> None:
    """Keep the answers of claimed requests, in one statement."""
    at = now()
    bulk.insert(
        session,
        _TABLE,
        [
            {
                "scope": claim.scope,
                "key": claim.key,
                "fingerprint": claim.fingerprint,
                "status": answer.status,
                "body": answer.body,
                "created_at": at,
            }
            for claim, answer in answers
        ],
    )


def recall(claim: Claim) -> Answer | None:
    """The first answer to a claim, where there is one; the claim is not taken.

    :raises IdempotencyKeyReused: the key stands for another request.
    """
    found = _recorded(db.session(), [claim]).get((claim.scope, claim.key))
    verdict = _judge(claim, found, set())
    if isinstance(verdict, DomainError):
        raise verdict
    return verdict


def forget_before(moment: datetime, at_most: int = 5000) -> int:
    """Delete records made before `moment`, the oldest first; answer how many that were."""
    with transaction() as session:
        oldest = (
            sa.select(IdempotencyRecord.id)
            .where(IdempotencyRecord.created_at < moment)
            .order_by(IdempotencyRecord.created_at)
            .limit(at_most)
        )
        old = sa.delete(IdempotencyRecord).where(IdempotencyRecord.id.in_(oldest))
        done = session.execute(old, execution_options={"synchronize_session": False})
        return cast("sa.CursorResult[Any]", done).rowcount


def forget_member(member_id: int) -> int:
    """Delete a member's records, whose answers may hold what is to be erased."""
    scope = f"member:{member_id}"
    old = sa.delete(IdempotencyRecord).where(IdempotencyRecord.scope == scope)
    return cast("sa.CursorResult[Any]", current_transaction().execute(old)).rowcount


def _judge(
    claim: Claim, known: "sa.Row[Any] | None", busy: set[tuple[str, str]]
) -> Answer | DomainError | None:
    if (claim.scope, claim.key) in busy:
        return RequestInProgress("the first request with this key has not ended")
    if known is None:
        return None
    if known.fingerprint != claim.fingerprint:
        return IdempotencyKeyReused("this key was used with another body or path")
    return Answer(known.status, known.body)


def _in_progress(session: Session, claims: Sequence[Claim]) -> set[tuple[str, str]]:
    """The keys that somebody else is at work on."""
    if session.get_bind().dialect.name != "postgresql":
        return set()
    places = {_lock_number(claim): (claim.scope, claim.key) for claim in claims}
    return {places[number] for number in session.scalars(_LOCK, {"numbers": sorted(places)})}


def _lock_number(claim: Claim) -> int:
    digest = hashlib.sha256(f"{claim.scope}\n{claim.key}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _recorded(session: Session, claims: Sequence[Claim]) -> "dict[tuple[str, str], sa.Row[Any]]":
    given = {"scopes": [claim.scope for claim in claims], "keys": [claim.key for claim in claims]}
    return {(row.scope, row.key): row for row in session.execute(_RECORDED, given)}
