"""Proof: every coupon is where its history left it, and was used for one bill at most. Reads only."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import db, unhurried

from . import numbers
from .history import events
from .models import Coupon, CouponGift, CouponOutsideCode, CouponTemplateVersion
from .outside import REDEEM
from .reasons import RESTORED
from .states import LEADS_TO, Happened, State

BATCH = 1000
coupons = cast(sa.Table, Coupon.__table__)
versions = cast(sa.Table, CouponTemplateVersion.__table__)
codes = cast(sa.Table, CouponOutsideCode.__table__)
gifts = cast(sa.Table, CouponGift.__table__)
_EVENTS = (
    sa.select(events)
    .where(among(events.c.coupon_id, "coupons"))
    .order_by(events.c.coupon_id, events.c.id)
)


@dataclass(frozen=True)
class Finding:
    """Something about a coupon that cannot be."""

    coupon: str
    what: str

    def __str__(self) -> str:
        return f"{self.coupon}: {self.what}"


def findings() -> Iterator[Finding]:
    """Everything that does not match, coupon by coupon, in constant memory."""
    db.session.rollback()  # read what is committed now
    unhurried(db.session())
    terms: dict[tuple[int, int], Any] = {}
    after = 0
    while rows := _batch(after):
        history: dict[int, list[Any]] = defaultdict(list)
        for event in db.session.execute(_EVENTS, {"coupons": [row.id for row in rows]}):
            history[event.coupon_id].append(event)
        _add_terms(terms, rows)
        for row in rows:
            told = terms.get((row.template_id, row.version))
            yield from (Finding(row.code, what) for what in objections(row, history[row.id], told))
        after = rows[-1].id
    yield from _gifts_without_lock()
    yield from _codes_without_coupon()


def objections(row: Any, history: Sequence[Any], version_terms: Any) -> Iterator[str]:
    """What about one coupon does not follow from its history. Pure."""
    if not numbers.is_number(row.code):
        yield "its number is none of ours"
    if version_terms is None:
        yield "its template has no such version"
    elif row.reason != RESTORED and row.terms != version_terms:
        yield "its terms are not those of its version"
    yield from _objections_to_state(row, history)
    yield from _objections_to_shares(row, history)


def _objections_to_state(row: Any, history: Sequence[Any]) -> Iterator[str]:
    state: State | None = None
    cause: Any = None
    for event in history:
        yield from _objections_to_step(state, cause, event)
        if event.happened != Happened.SHARED:
            state, cause = LEADS_TO[Happened(event.happened)][1], event
    if row.state != state:
        yield f"it is {row.state}, its history says {state or 'nothing'}"
    elif state in {State.LOCKED, State.USED}:
        bill = row.locked_for if state is State.LOCKED else row.used_for
        if bill != cause.reference:
            yield f"it is {state} for {bill}, its history says {cause.reference}"


def _objections_to_step(state: State | None, cause: Any, event: Any) -> Iterator[str]:
    before, _after = LEADS_TO[Happened(event.happened)]
    if state not in before:
        yield f"it was {event.happened} while {state or 'not issued'}"
    is_other = cause is not None and event.reference != cause.reference
    if state is State.LOCKED and event.happened == Happened.USED and is_other:
        yield f"it was used for {event.reference}, locked for {cause.reference}"


def _objections_to_shares(row: Any, history: Sequence[Any]) -> Iterator[str]:
    took, shared = None, 0
    for event in history:
        if event.happened == Happened.USED:
            took, shared = (event.facts or {}).get("took_fen"), 0
        elif event.happened == Happened.SHARED:
            shared += (event.facts or {}).get("worth_fen", 0)
        elif event.happened == Happened.RESTORED:
            took, shared = None, 0
    if (row.took_fen, row.restored_fen) != (took, shared):
        yield f"it took {row.took_fen} and gave back {row.restored_fen}, not {took} and {shared}"


def _batch(after: int) -> Sequence[Any]:
    query = sa.select(coupons).where(coupons.c.id > after).order_by(coupons.c.id).limit(BATCH)
    return db.session.execute(query).all()


def _add_terms(terms: dict[tuple[int, int], Any], rows: Sequence[Any]) -> None:
    fresh = {row.template_id for row in rows if (row.template_id, row.version) not in terms}
    if fresh:
        query = sa.select(versions).where(among(versions.c.template_id, "templates"))
        for one in db.session.execute(query, {"templates": sorted(fresh)}):
            terms[one.template_id, one.version] = one.terms


def _gifts_without_lock() -> Iterator[Finding]:
    """Open gifts whose coupon is not locked for them."""
    reference = sa.literal("gift:") + sa.cast(gifts.c.id, sa.String)
    query = (
        sa.select(coupons.c.code, gifts.c.id)
        .join(coupons, coupons.c.id == gifts.c.coupon_id)
        .where(gifts.c.state == "open", coupons.c.locked_for.is_distinct_from(reference))
        .order_by(gifts.c.id)
    )
    for code, number in db.session.execute(query):
        yield Finding(code, f"gift {number} is open, and the coupon is not locked for it")


def _codes_without_coupon() -> Iterator[Finding]:
    """Codes that were taken, and brought their member no coupon."""
    reference = sa.literal("code:") + sa.cast(codes.c.id, sa.String)
    brought = sa.and_(
        coupons.c.member_id == codes.c.taken_by,
        coupons.c.reason == "code",
        coupons.c.reference == reference,
    )
    query = (
        sa.select(codes.c.id)
        .outerjoin(coupons, brought)
        .where(codes.c.purpose == REDEEM, codes.c.taken_by.is_not(None), coupons.c.id.is_(None))
        .order_by(codes.c.id)
    )
    for number in db.session.scalars(query):
        yield Finding(f"code {number}", "it was taken, and brought no coupon")
