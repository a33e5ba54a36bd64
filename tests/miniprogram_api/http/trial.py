"""A small feature that only tests have: everything that endpoints can do, nothing that shops do."""

from functools import wraps
from typing import Any

import sqlalchemy as sa
from flask import g, request
from marshmallow import fields

from miniprogram_api.auth.guards import public
from miniprogram_api.core.db import current_transaction, transaction
from miniprogram_api.core.errors import Conflict, NotFound
from miniprogram_api.http.api import Blueprint
from miniprogram_api.http.idempotency import idempotent
from miniprogram_api.http.schemas import Day, Id, Integer, Moment, Month, Schema, Text
from miniprogram_api.repeats.models import IdempotencyRecord

blp = Blueprint("trials", url_prefix="/api/v1/trials", description="Only in tests")


class TrialRefused(Conflict):
    """The trial was told to refuse."""

    code = "trial_refused"
    title_zh = "试验被拒绝"
    title_en = "The trial was refused"


class TrialSchema(Schema):
    """One of each field."""

    points = Integer(1, 1000, required=True)
    name = Text(20)
    day = Day()
    month = Month()
    at = Moment()
    friend_id = Id()
    refuse = fields.Boolean(truthy={True}, falsy={False})


class RecordSchema(Schema):
    id = Id(required=True)
    key = fields.String(required=True)
    created_at = Moment(required=True)


class FilterSchema(Schema):
    key = Text(255)


def as_whoever(view: Any) -> Any:
    """Believe the header, as no guard of ours would."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if "X-Member" in request.headers:
            g.member_id = int(request.headers["X-Member"])
        return view(*args, **kwargs)

    return public(guarded)


@blp.post("")
@as_whoever
@blp.problems(TrialRefused)
@blp.arguments(TrialSchema)
@idempotent
@blp.response(201, TrialSchema)
def place(trial: dict[str, Any]) -> dict[str, Any]:
    """Write a row"""
    with transaction() as session:
        points = trial["points"]
        session.execute(
            sa.text("INSERT INTO revoked_trial (points) VALUES (:points)"), {"points": points}
        )
        if trial.get("refuse"):
            raise TrialRefused("told to refuse", points=points, at=trial.get("at"))
    return trial


@blp.post("/bare")
@public
@idempotent
@blp.response(204)
def bare() -> None:
    """Do something without a body"""
    current_transaction().execute(sa.text("INSERT INTO revoked_trial (points) VALUES (1)"))


@blp.get("")
@public
@blp.paged(RecordSchema, IdempotencyRecord.id, filters=FilterSchema)
def by_id(key: str | None = None) -> sa.Select[Any]:
    """Newest first by id"""
    statement = sa.select(IdempotencyRecord)
    return statement.where(IdempotencyRecord.key == key) if key else statement


@blp.get("/by-moment")
@public
@blp.paged(RecordSchema, IdempotencyRecord.created_at, IdempotencyRecord.id)
def by_moment() -> Any:
    """Newest first by moment"""
    record = IdempotencyRecord
    return sa.select(record.id, record.key, record.created_at)


@blp.get("/<id:trial_id>")
@public
@blp.response(200, TrialSchema)
def show(trial_id: int) -> dict[str, Any]:
    """Always absent"""
    raise NotFound(f"no trial {trial_id}")
