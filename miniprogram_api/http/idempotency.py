"""A repeat gives the first answer: the header `Idempotency-Key`, scoped to the caller.

The records themselves are in `repeats`.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, current_app, g, jsonify, request

from miniprogram_api.core.db import (
    retrying,
    transaction,
)
from miniprogram_api.core.errors import BadRequest, DomainError
from miniprogram_api.repeats.records import (
    Answer,
    Claim,
    IdempotencyKeyReused,
    RequestInProgress,
    claim_all,
    fingerprint,
    store_all,
)

from . import json_body

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
"""The header of an answer that is that of an earlier request."""
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
KEY = re.compile(KEY_PATTERN.strip("^$"))


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


PROBLEMS = (IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused, RequestInProgress)


def claim_of_request() -> Claim:
    """The claim that the current request makes.

    :raises IdempotencyKeyMissing: the header is not there.
    :raises IdempotencyKeyInvalid: the key has the wrong form.
    :raises MalformedJson: the body is not strict JSON.
    """
    keys = request.headers.getlist(HEADER)
    if not keys:
        raise IdempotencyKeyMissing(f"send the header {HEADER}")
    if len(keys) > 1 or not KEY.fullmatch(keys[0]):
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
            response.headers[REPLAYED] = "true"
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
        response.headers[REPLAYED] = "true"
    return response


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


def _replayed(answer: Answer) -> Response:
    response = jsonify(answer.body) if answer.body is not None else Response()
    response.status_code = answer.status
    return response


def _scope() -> str:
    for kind in ("member", "staff"):
        if (number := g.get(f"{kind}_id")) is not None:
            return f"{kind}:{number}"
    return "anybody"
