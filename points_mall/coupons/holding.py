"""Locking, using and unlocking coupons, in the caller's transaction.

These are the verbs of whoever makes a bill (`purchases`, the till). Every change is conditional on the
state that it begins from, under the coupon's row lock, so of two tills with one coupon one wins. A bill
is named by its reference; a repeat for the same bill changes nothing and succeeds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, db

from .errors import CouponNotUsable, NoSuchCoupon
from .held import Held
from .history import SYSTEM, Note, note_all
from .models import Coupon, CouponTemplate
from .states import Happened, State, as_read
from .templates import read_terms

coupons = cast(sa.Table, Coupon.__table__)
templates = cast(sa.Table, CouponTemplate.__table__)
_ROWS = sa.select(coupons, templates.c.code.label("template")).join(
    templates, templates.c.id == coupons.c.template_id
)
_LOCKED = _ROWS.order_by(coupons.c.id).with_for_update(of=coupons)
_BY_CODE = _LOCKED.where(among(coupons.c.code, "codes"))
_LOCKED_FOR = _LOCKED.where(among(coupons.c.locked_for, "references"))
MOST_SHOWN = 200


@dataclass(frozen=True)
class Lock:
    """A member's coupon is set aside for a bill that is about to be paid."""

    member_id: int
    code: str
    reference: str
    actor: str = SYSTEM


@dataclass(frozen=True)
class Use:
    """A coupon is used for a bill, on which it took off `took_fen`."""

    member_id: int
    code: str
    reference: str
    took_fen: int
    actor: str = SYSTEM


@dataclass(frozen=True)
class Done:
    """The answer: the coupon, and whether that had been done before for the same bill."""

    coupon: Held
    is_repeat: bool = False


Refusal = NoSuchCoupon | CouponNotUsable


def held_by(member_id: int, codes: Iterable[str] | None = None) -> list[Held]:
    """A member's coupons for a quote: those of these codes, else all that are unused, ending first.

    Codes that are another member's are left out. Nothing is locked.
    """
    query = _ROWS.where(coupons.c.member_id == member_id)
    parameters: dict[str, Any] = {}
    if codes is None:
        query = query.where(coupons.c.state == State.UNUSED, coupons.c.valid_until > now())
        query = query.order_by(coupons.c.valid_until, coupons.c.id).limit(MOST_SHOWN)
    else:
        query = query.where(among(coupons.c.code, "codes")).order_by(coupons.c.id)
        parameters["codes"] = sorted(set(codes))
    return [to_held(row) for row in db.session.execute(query, parameters)]


def lock(locks: Sequence[Lock]) -> list[Done | Refusal]:
    """Set coupons aside, each for its bill; a refusal stands in its place and locks nothing.

    Refused with `CouponNotUsable`, `reason` one of used, locked, void, expired, not_yet_valid; or with
    `NoSuchCoupon`, where it is another member's. What the bill itself asks is judged by `discounts`.
    """
    rows = _rows(_BY_CODE, codes=[one.code for one in locks])
    by_code = {row.code: row for row in rows}
    answers: list[Done | Refusal] = []
    changes: dict[int, Lock] = {}
    for one in locks:
        row = by_code.get(one.code)
        if row is None or row.member_id != one.member_id:
            answers.append(NoSuchCoupon("no coupon of yours has this number", coupon=one.code))
        elif row.locked_for == one.reference or _is_locked_by(changes, row, one.reference):
            answers.append(Done(to_held(row), is_repeat=True))
        elif (refusal := _refusal(row, row.id in changes)) is not None:
            answers.append(refusal)
        else:
            changes[row.id] = one
            answers.append(Done(to_held(row)))
    step = {"state": State.LOCKED.value, "changed_at": now()}
    change_all([{"id": at, "locked_for": one.reference, **step} for at, one in changes.items()])
    note_all(
        Note(at, Happened.LOCKED, one.reference, actor=one.actor) for at, one in changes.items()
    )
    return answers


def use(uses: Sequence[Use]) -> list[Done | Refusal]:
    """Use coupons, each for its bill: locked for that bill, or unused where the till locks and uses at
    once. A refusal stands in its place and uses nothing.

    A coupon that is locked for the bill is used even after its end: it was in time when the payment
    began.
    """
    rows = _rows(_BY_CODE, codes=[one.code for one in uses])
    by_code = {row.code: row for row in rows}
    answers: list[Done | Refusal] = []
    changes: dict[int, Use] = {}
    for one in uses:
        row = by_code.get(one.code)
        if row is None or row.member_id != one.member_id:
            answers.append(NoSuchCoupon("no coupon of yours has this number", coupon=one.code))
        elif row.used_for == one.reference or _is_locked_by(changes, row, one.reference):
            answers.append(Done(to_held(row), is_repeat=True))
        elif row.locked_for != one.reference and (why := _refusal(row, row.id in changes)):
            answers.append(why)
        else:
            changes[row.id] = one
            answers.append(Done(to_held(row)))
    step = {"state": State.USED.value, "changed_at": now(), "locked_for": None}
    change_all(
        [
            {"id": at, "used_for": one.reference, "took_fen": one.took_fen, **step}
            for at, one in changes.items()
        ]
    )
    note_all(
        Note(at, Happened.USED, one.reference, {"took_fen": one.took_fen}, one.actor)
        for at, one in changes.items()
    )
    return answers


def unlock(references: Iterable[str], *, actor: str = SYSTEM) -> int:
    """Set free what is locked for bills that come to nothing; answer how many coupons that were.

    One whose end has come meanwhile is unused and past its end, like any other.
    """
    rows = _rows(_LOCKED_FOR, references=sorted(set(references)))
    step = {"state": State.UNUSED.value, "changed_at": now(), "locked_for": None}
    change_all([{"id": row.id, **step} for row in rows])
    note_all(Note(row.id, Happened.UNLOCKED, row.locked_for, actor=actor) for row in rows)
    return len(rows)


def change_all(rows: Sequence[dict[str, Any]]) -> None:
    """Write coupons' new states, in one statement; their rows are locked and were judged.

    :raises RuntimeError: one of them went meanwhile, which its lock forbids.
    """
    changed = bulk.update(current_transaction(), coupons, rows)
    if len(changed) != len(rows):
        raise RuntimeError("a coupon whose row is locked was not there to be changed")


def locked_rows(query: sa.Select[Any], **parameters: Any) -> Sequence[Any]:
    """Coupons in id order, locked until the transaction ends, with their template's code.

    :param query: conditions on the table of coupons; see `conditioned`.
    """
    return _rows(query, **parameters)


def conditioned(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """A locking SELECT of the coupons that meet conditions."""
    return _LOCKED.where(*conditions)


def to_held(row: Any) -> Held:
    """A stored coupon as rules look at it."""
    return Held(
        row.code,
        row.template,
        row.title_zh,
        row.title_en,
        read_terms(row.terms),
        row.valid_from,
        row.valid_until,
        State(row.state),
    )


def _rows(query: sa.Select[Any], **parameters: Any) -> Sequence[Any]:
    return current_transaction().execute(query, parameters).all()


def _is_locked_by(changes: dict[int, Any], row: Any, reference: str) -> bool:
    """Whether this very call has just done the same."""
    return row.id in changes and changes[row.id].reference == reference


def _refusal(row: Any, is_taken: bool) -> CouponNotUsable | None:  # noqa: FBT001 - a fact, not a switch
    moment = now()
    state = State.LOCKED if is_taken else as_read(row.state, row.valid_until, moment)
    reason = state.value if state is not State.UNUSED else None
    if reason is None and moment < row.valid_from:
        reason = "not_yet_valid"
    if reason is None:
        return None
    return CouponNotUsable(f"coupon {row.code}: {reason}", coupon=row.code, reason=reason)
