"""A repeat gives the first answer: `Idempotency-Key`, scoped to the caller.

The record commits in the same transaction as its effects, so there is no moment in which one exists
without the other. A refusal moved nothing and leaves no record: its repeat is judged anew.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, cast

import sqlalchemy as sa
from flask import Response, current_app, g, jsonify, request
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import (
    canonical_json,
    current_transaction,
    db,
    retrying,
    transaction,
)
from miniprogram_api.core.errors import BadRequest, Conflict, DomainError, Unprocessable

from . import json_body
from .models import IdempotencyRecord

HEADER = "Idempotency-Key"
KEY_PATTERN = "^[\\x21-\\x7e]{8,255}$"
PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": True,
    "description": (
        "Chosen by the client for one intention, kept for its repeats. A repeat gets the first answer"
        " and `Idempotency-Replayed: true`."
    ),
    "schema": {"type": "string", "pattern": KEY_PATTERN},
}
_KEY = re.compile(KEY_PATTERN.strip("^$"))
_TABLE = cast(sa.Table, IdempotencyRecord.__table__)
_RECORDED = sa.select(_TABLE).where(
    bulk.among(_TABLE.c.scope, "scopes"), bulk.among(_TABLE.c.key, "keys")
)
_LOCK = sa.text(
    "SELECT number FROM unnest(CAST(:numbers AS bigint[])) AS number"
    " WHERE NOT pg_try_advisory_xact_lock(number)"
)


class IdempotencyKeyMissing(BadRequest):
    """The call moves something and needs the header `Idempotency-Key`."""

    code = "idempotency_key_missing"
    title_zh = "请求缺少幂等键"
    title_en = "Idempotency-Key is missing"


class IdempotencyKeyInvalid(BadRequest):
    """An idempotency key is 8 to 255 visible ASCII characters."""

    code = "idempotency_key_invalid"
    title_zh = "幂等键格式有误"
    title_en = "Idempotency-Key is not valid"


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


PROBLEMS = (IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused, RequestInProgress)


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


def claim_of_request() -> Claim:
    """The claim that the current request makes.

    :raises IdempotencyKeyMissing: the header is not there.
    :raises IdempotencyKeyInvalid: the key has the wrong form.
    :raises MalformedJson: the body is not strict JSON.
    """
    keys = request.headers.getlist(HEADER)
    if not keys:
        raise IdempotencyKeyMissing(f"send the header {HEADER}")
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise IdempotencyKeyInvalid("8 to 255 visible ASCII characters, once")
    asked = json_body.body() if json_body.raw_body() else None
    return Claim(_scope(), keys[0], fingerprint(request.method, request.path, asked))


def idempotent(view: Callable[..., Any]) -> Callable[..., Response]:
    """Carry out a view once for each key, in one transaction with the record of its answer.

    Stands below `blp.arguments` and above `blp.response`. The services that the view calls join the
    transaction; work given to `after_commit` waits for its end.
    """

    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> Response:
        claim = claim_of_request()
        response, is_repeat = _carry_out(claim, lambda: view(*args, **kwargs))
        if is_repeat:
            response.headers["Idempotency-Replayed"] = "true"
        return response

    once.is_idempotent = True  # type: ignore[attr-defined]
    return once


def keeps_own_record(view: Callable[..., Response]) -> Callable[..., Response]:
    """Document a view as idempotent whose service writes the record within its own transaction.

    The view makes the claim with `claim_of_request()` and answers with `told()`.
    """
    view.is_idempotent = True  # type: ignore[attr-defined]
    return view


def told(answer: Answer, *, is_repeat: bool) -> Response:
    """An answer as a response; a repeat says that it is one."""
    response = _replayed(answer)
    if is_repeat:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def recall(claim: Claim) -> Answer | None:
    """The first answer to a claim, where there is one; the claim is not taken.

    :raises IdempotencyKeyReused: the key stands for another request.
    """
    found = _recorded(db.session(), [claim]).get((claim.scope, claim.key))
    verdict = _judge(claim, found, set())
    if isinstance(verdict, DomainError):
        raise verdict
    return verdict


@retrying
def _carry_out(claim: Claim, work: Callable[[], Any]) -> tuple[Response, bool]:
    """The answer to a claimed request, and whether it is that of an earlier one."""
    with transaction() as session:
        [found] = claim_all(session, [claim])
        if isinstance(found, DomainError):
            raise found
        if found is not None:
            return _replayed(found), True
        response = current_app.make_response(work())
        if response.status_code >= 400:
            raise RuntimeError("an idempotent view refuses by raising, so that nothing is kept")
        answer = Answer(response.status_code, response.get_json(silent=True))
        store_all(session, [(claim, answer)])
    return response, False


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


def _replayed(answer: Answer) -> Response:
    response = jsonify(answer.body) if answer.body is not None else Response()
    response.status_code = answer.status
    return response


def _scope() -> str:
    for kind in ("member", "staff"):
        if (number := g.get(f"{kind}_id")) is not None:
            return f"{kind}:{number}"
    return "anybody"


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
