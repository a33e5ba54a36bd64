"""Issuing coupons, in the caller's transaction: the one way in which they come into being.

`issue` takes any list, in a constant number of statements. Members' accounts are locked in id order, so
that limits judged here by counting rows hold against everybody else who issues.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk, clock
from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.errors import DomainError
from points_mall.ledger import posting

from . import outside, room
from .errors import NoSuchTemplate, TemplateOver
from .history import SYSTEM, Note, note_all
from .models import Coupon
from .numbers import new_number
from .states import Happened, State
from .templates import Template, templates_with

MOST_AT_ONCE = 20
coupons = cast(sa.Table, Coupon.__table__)


@dataclass(frozen=True)
class Issue:
    """Coupons of one template for one member, for a cause.

    `reason`, `reference` and the template make it unique: a repeat issues nothing more.

    :param is_limited: whether the limits of the terms count; what a rule has promised is given anyway.
    :param valid_until: an end of its own; None: as the terms have it.
    """

    member_id: int
    template: str
    reason: str
    reference: str
    count: int = 1
    is_limited: bool = True
    valid_until: datetime | None = None
    actor: str = SYSTEM
    facts: dict[str, Any] | None = None


@dataclass(frozen=True)
class Issued:
    """The answer to an issue: the numbers of its coupons, and what they are.

    :param is_repeat: they had been issued before, and this is the first answer.
    """

    codes: tuple[str, ...]
    template: Template
    valid_from: datetime
    valid_until: datetime
    is_repeat: bool = False


Key = tuple[int, str, str, int]


@dataclass
class _Draft:
    """The rows that are to be written, and for each number why and from what."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    causes: dict[str, tuple[Issue, Template]] = field(default_factory=dict)


def issue(issues: Sequence[Issue]) -> list[Issued | DomainError]:
    """Issue coupons to any number of members, in a constant number of statements.

    They are issued in order. One that is refused issues nothing and its error stands in its place:
    there is no such template (`NoSuchTemplate`), its last day is over (`TemplateOver`), or the member
    has had as many as one may (`CouponLimitUsed`).
    """
    if not issues:
        return []
    posting.lock_accounts(one.member_id for one in issues)
    known = templates_with(one.template for one in issues)
    earlier = _earlier(issues, known)
    left = room.left_for(
        {one.member_id for one in issues if one.is_limited},
        [template for template in known.values() if room.is_limited(template)],
    )
    draft, moment = _Draft(), clock.now()
    answers = [_answer(one, known, earlier, left, draft, moment) for one in issues]
    _write(draft)
    return answers


def _answer(
    one: Issue,
    known: dict[str, Template],
    earlier: dict[Key, Issued],
    left: room.Room,
    draft: _Draft,
    moment: datetime,
) -> Issued | DomainError:
    template = known.get(one.template)
    if template is None:
        return NoSuchTemplate(f"no coupon template {one.template!r}", template=one.template)
    key = (one.member_id, one.reason, one.reference, template.id)
    if key in earlier:
        return earlier[key]
    if one.is_limited:
        last_on = template.terms.validity.last_on
        if template.terms.validity.is_over(clock.to_day(moment)):
            return TemplateOver(f"{template.code} was over on {last_on}", last_on=last_on)
        refusal = left.take(one.member_id, template, one.count)
        if refusal is not None:
            return refusal
    issued = _issued(one, template, moment)
    earlier[key] = replace(issued, is_repeat=True)
    for number, code in enumerate(issued.codes):
        draft.rows.append(_row(one, issued, code, number, moment))
        draft.causes[code] = one, template
    return issued


def _issued(one: Issue, template: Template, moment: datetime) -> Issued:
    valid_from, valid_until = template.terms.validity.window(moment, clock.shop_zone())
    if one.valid_until is not None:
        valid_until = one.valid_until
    codes = tuple(new_number() for _ in range(one.count))
    return Issued(codes, template, min(valid_from, valid_until), valid_until)


def _row(one: Issue, issued: Issued, code: str, number: int, moment: datetime) -> dict[str, Any]:
    return {
        "code": code,
        "template_id": issued.template.id,
        "version": issued.template.version,
        "member_id": one.member_id,
        "title_zh": issued.template.title_zh,
        "title_en": issued.template.title_en,
        "terms": issued.template.copied,
        "state": State.UNUSED.value,
        "reason": one.reason,
        "reference": one.reference,
        "number": number,
        "issued_at": moment,
        "issued_on": clock.to_day(moment),
        "valid_from": issued.valid_from,
        "valid_until": issued.valid_until,
        "changed_at": moment,
        "restored_fen": 0,
    }


def _write(draft: _Draft) -> None:
    made = bulk.insert(current_transaction(), coupons, draft.rows, returning=("id", "code"))
    written = [(row.id, *draft.causes[row.code]) for row in sorted(made)]
    note_all(
        Note(coupon_id, Happened.ISSUED, one.reference, one.facts, one.actor)
        for coupon_id, one, _template in written
    )
    outside.hand_out(
        [
            outside.Bearer(coupon_id, one.member_id, template.id)
            for coupon_id, one, template in written
            if template.terms.hands_out_codes
        ]
    )


_EARLIER = (
    sa.select(
        coupons.c.member_id,
        coupons.c.reason,
        coupons.c.reference,
        coupons.c.template_id,
        coupons.c.code,
        coupons.c.valid_from,
        coupons.c.valid_until,
    )
    .where(
        among(coupons.c.member_id, "members"),
        among(coupons.c.reference, "references"),
    )
    .order_by(coupons.c.member_id, coupons.c.number)
)


def _earlier(issues: Sequence[Issue], known: dict[str, Template]) -> dict[Key, Issued]:
    """What was issued before for the same causes."""
    asked = {
        "members": sorted({one.member_id for one in issues}),
        "references": sorted({one.reference for one in issues}),
    }
    by_id = {template.id: template for template in known.values()}
    found: dict[Key, list[Any]] = {}
    for row in current_transaction().execute(_EARLIER, asked):
        if row.template_id in by_id:
            key = (row.member_id, row.reason, row.reference, row.template_id)
            found.setdefault(key, []).append(row)
    return {
        key: Issued(
            tuple(row.code for row in rows),
            by_id[key[3]],
            rows[0].valid_from,
            rows[0].valid_until,
            is_repeat=True,
        )
        for key, rows in found.items()
    }
