"""Every single call that a posting makes to the database fails once, before or after its effect.

What was not committed has left no trace, and a retry with the same reference ends where an
undisturbed posting does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from points_mall.ledger import audit, posting
from points_mall.ledger.models import (
    LedgerEntry,
    LotDraw,
    PendingEarning,
    PointsAccount,
    PointsHold,
    PointsLot,
)
from points_mall.ledger.movements import (
    Capture,
    Credit,
    Debit,
    Expire,
    Hold,
    Mature,
    Movement,
    Restore,
    Reverse,
    Void,
)
from tests.campaign import report
from tests.crowds.conftest import enrol
from tests.points_mall.ledger.conftest import GIFT, ORDER, PURCHASE, START
from tests.points_mall.ledger.tampering import contents

from .statements import SIDES, Side, watched

DAY = timedelta(days=1)
Stories = Callable[[int], list[Movement]]


@dataclass(frozen=True)
class Verb:
    """What there is, what time goes by, and what is then posted in one go."""

    before: Stories
    act: Stories
    days: int = 0


def _given(member: int) -> list[Movement]:
    return [
        Credit(member, 30, GIFT, "soon", expires_at=START + 10 * DAY),
        Credit(member, 30, GIFT, "late", expires_at=START + 90 * DAY),
    ]


def _bought(member: int) -> list[Movement]:
    return [*_given(member), Credit(member, 20, PURCHASE, "p"), Debit(member, 70, ORDER, "o")]


def _held(member: int) -> list[Movement]:
    return [*_given(member), Hold(member, 40, ORDER, "h", START + 3 * DAY)]


def _waiting(member: int) -> list[Movement]:
    return [Credit(member, 20, PURCHASE, "p", matures_at=START + DAY)]


def _due(member: int) -> list[Movement]:
    lots = sa.select(PointsLot.id).join(PointsAccount, PointsAccount.id == PointsLot.account_id)
    found = list(db.session.scalars(lots.where(PointsAccount.member_id == member)))
    db.session.rollback()
    return [Expire(member, lot) for lot in found]


VERBS: dict[str, Verb] = {
    "the first credit": Verb(lambda _: [], lambda m: [Credit(m, 5, GIFT, "g")]),
    "credit": Verb(_given, lambda m: [Credit(m, 5, GIFT, "g")]),
    "credit that waits": Verb(_given, _waiting),
    "debit": Verb(_given, lambda m: [Debit(m, 40, ORDER, "o")]),
    "hold": Verb(_given, lambda m: [Hold(m, 40, ORDER, "h", now() + DAY)]),
    "capture": Verb(_held, lambda m: [Capture(m, ORDER, "h", 35)]),
    "void": Verb(_held, lambda m: [Void(m, ORDER, "h")]),
    "a hold that lapses": Verb(_held, lambda m: [Debit(m, 60, ORDER, "o")], days=4),
    "mature": Verb(_waiting, lambda m: [Mature(m, PURCHASE.code, "p")], days=2),
    "reverse": Verb(_bought, lambda m: [Reverse(m, PURCHASE, "p", 1, 1, "r")]),
    "restore": Verb(_bought, lambda m: [Restore(m, ORDER, "o", "c")], days=15),
    "expire": Verb(_given, _due, days=15),
    "several": Verb(
        _held,
        lambda m: [Capture(m, ORDER, "h"), Credit(m, 9, GIFT, "g"), Debit(m, 20, ORDER, "o")],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", VERBS)
def test_a_posting_whose_nth_call_fails_ends_well_when_it_is_repeated(
    app: Flask, name: str
) -> None:
    verb = VERBS[name]
    members = iter(enrol(64))
    calls, expected = _undisturbed(verb, next(members))
    for nth in range(1, calls + 1):
        for side in SIDES:
            member = next(members)
            _disturbed(verb, member, nth, side)
            assert _story(member) == expected, f"call {nth} failed {side} its effect"
    assert list(audit.findings(db.session())) == []
    db.session.rollback()
    report(f"{name}: {calls} calls, {2 * calls} failures")


def _undisturbed(verb: Verb, member: int) -> tuple[int, object]:
    movements = _arrange(verb, member)
    with watched(db.engine) as calls, transaction():
        posting.post(movements)
    return len(calls.asked), _story(member)


def _disturbed(verb: Verb, member: int, nth: int, side: Side) -> None:
    movements = _arrange(verb, member)
    untouched = _everything()
    failing = watched(db.engine, nth, side)
    with failing as calls, pytest.raises(sa.exc.OperationalError), transaction():
        posting.post(movements)
    assert calls.fired
    assert (_everything() == untouched) is not calls.fired_after_commit
    with transaction():
        posting.post(movements)


def _arrange(verb: Verb, member: int) -> list[Movement]:
    clock.set(START)
    if before := verb.before(member):
        with transaction():
            posting.post(before)
    clock.advance(verb.days * DAY)
    return verb.act(member)


def _everything() -> object:
    rows = contents(db.session())
    db.session.rollback()
    return rows


def _story(member: int) -> list[list[tuple[object, ...]]]:
    """Everything of a member, in numbers that do not depend on who it is."""
    account, entry, lot, hold = PointsAccount, LedgerEntry, PointsLot, PointsHold
    figures = (account.available, account.held, account.debt, account.pending, account.last_seq)
    draw, pending = LotDraw, PendingEarning
    queries = (
        sa.select(*figures, account.lifetime_earned),
        sa.select(entry.points, entry.reason, entry.balance_after)
        .join(account)
        .order_by(entry.seq),
        sa.select(lot.granted, lot.remaining, lot.held, lot.expires_at)
        .join(account)
        .order_by(lot.id),
        sa.select(draw.kind, draw.points).join(entry).join(account).order_by(draw.id),
        sa.select(hold.state, hold.points, hold.captured_points).join(account).order_by(hold.id),
        sa.select(pending.state, pending.cancelled_points).join(account).order_by(pending.id),
    )
    mine = [query.where(account.member_id == member) for query in queries]
    story = [[tuple(row) for row in db.session.execute(query)] for query in mine]
    db.session.rollback()
    return story
