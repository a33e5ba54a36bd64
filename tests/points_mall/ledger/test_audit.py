"""The audit finds whatever is planted: every cell that an entry can prove, rows gone, rows swapped."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db
from points_mall.ledger import audit
from points_mall.ledger.models import DrawKind, HoldState, PendingState
from points_mall.ledger.movements import (
    Capture,
    Credit,
    Debit,
    Expire,
    Hold,
    Mature,
    Restore,
    Reverse,
    Void,
)
from tests.campaign import SEED, report, times

from .conftest import GIFT, ORDER, PURCHASE, START, enrol
from .planted import PLANTED
from .tampering import TABLES, lower_guards
from .test_posting import DAY, post

WORDS: dict[str, list[str]] = {
    "points_hold.state": [*HoldState],
    "pending_earning.state": [*PendingState],
    "lot_draw.kind": [*DrawKind],
}
NEVER_PROVEN = {
    # surrogate keys to which nothing refers
    "lot_draw.id",
    "pending_earning.id",
    "points_account.opened_at",
    "points_hold.placed_at",
    "points_hold.expires_at",
    "pending_earning.earned_at",
    "pending_earning.matures_at",
}
PROVEN_BY_AN_ENTRY = {
    "points_hold.reason",
    "points_hold.reference",
    "points_hold.counterparty",
    "points_hold.closed_at",
    "hold_part.lot_id",
    "pending_earning.account_id",
    "pending_earning.reason",
    "pending_earning.reference",
    "pending_earning.counterparty",
    "pending_earning.explanation",
    "pending_earning.actor",
    "pending_earning.expires_at",
}
"""Sealed when the hold is captured or the earning matures, and not before."""
_REFERRED_BY_DRAWS = {"ledger_entry.id": "entry_id", "points_lot.id": "lot_id"}


@pytest.fixture
def ledger(app: Flask) -> list[int]:
    """Three members who have lived through everything that the ledger knows."""
    clock.set(START)
    members = enrol(3)
    _spends_and_holds(members[0])
    _owes(members[1])
    _lets_expire(members[2])
    _waits(members[0])
    assert list(audit.findings(db.session())) == []
    db.session.rollback()
    return members


def _spends_and_holds(member: int) -> None:
    post(
        Credit(member, 100, GIFT, "g1", explanation={"rule": "gift", "version": 1}),
        Credit(member, 50, GIFT, "g2", expires_at=now() + 40 * DAY),
        Credit(member, 30, PURCHASE, "p1", expires_at=now() + 20 * DAY),
        Debit(member, 35, ORDER, "o1", explanation={"reward": 7}),
    )
    post(Reverse(member, PURCHASE, "p1", 1, 3, "r1"), Restore(member, ORDER, "o1", "c1", 20))
    soon = now() + timedelta(minutes=15)
    post(*[Hold(member, 50, ORDER, f"h{number}", soon) for number in range(3)])
    post(Capture(member, ORDER, "h0", 48), Void(member, ORDER, "h1"))
    clock.advance(timedelta(hours=1))
    post(Hold(member, 60, ORDER, "h4", now() + 30 * DAY))


def _owes(member: int) -> None:
    post(Credit(member, 100, PURCHASE, "p"), Debit(member, 80, ORDER, "o"))
    post(*[Hold(member, 10, ORDER, name, now() + DAY) for name in ("h", "h2")])
    post(Reverse(member, PURCHASE, "p", 4, 5, "r"), Capture(member, ORDER, "h"))
    post(Credit(member, 30, GIFT, "g1", actor="staff:1"))
    post(Restore(member, ORDER, "o", "c", 20), Reverse(member, PURCHASE, "p", 1, 1, "r2"))
    post(Void(member, ORDER, "h2"))


def _lets_expire(member: int) -> None:
    post(*[Credit(member, 20, GIFT, f"g{days}", now() + days * DAY) for days in (1, 2, 90)])
    post(Debit(member, 30, ORDER, "o"), Debit(member, 8, ORDER, "o2"))
    clock.advance(3 * DAY)
    lots = list(db.session.scalars(sa.text("SELECT id FROM points_lot ORDER BY id")))
    post(*[Expire(member, lot) for lot in lots])
    post(Restore(member, ORDER, "o", "c1", 10), Restore(member, ORDER, "o2", "c2"))
    post(Restore(member, ORDER, "o", "c3", 12), Debit(member, 35, ORDER, "o3"))
    post(Restore(member, ORDER, "o3", "c4", 4), Restore(member, ORDER, "o3", "c5", 3))


def _waits(member: int) -> None:
    matures_at, expires_at = now() + DAY, now() + 99 * DAY
    facts: dict[str, Any] = {
        "expires_at": expires_at,
        "explanation": {"rule": "sale"},
        "actor": "till:1",
    }
    names = ("due", "cancelled", "halved")
    post(*[Credit(member, 8, PURCHASE, name, matures_at=matures_at, **facts) for name in names])
    late = now() + 5 * DAY
    post(*[Credit(member, 9, PURCHASE, name, matures_at=late, **facts) for name in ("a", "b")])
    post(
        *[
            Reverse(member, PURCHASE, *undo)
            for undo in (("cancelled", 1, 1, "x"), ("halved", 1, 2, "y"))
        ]
    )
    post(Reverse(member, PURCHASE, "b", 1, 3, "z"))
    clock.advance(DAY)
    post(*[Mature(member, PURCHASE.code, name) for name in names])


# ------------------------------------------------------------------ every cell


@dataclass(frozen=True)
class Cell:
    table: sa.Table
    row: sa.Row[Any]
    column: sa.Column[Any]

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column.name}"

    @property
    def value(self) -> Any:
        return self.row._mapping[self.column.name]

    def change(self, session: Session, value: object) -> None:
        here = [column == self.row._mapping[column.name] for column in self.table.primary_key]
        session.execute(self.table.update().where(*here).values({self.column.name: value}))


def cells(session: Session) -> Iterator[Cell]:
    for table in TABLES:
        for row in session.execute(sa.select(table).order_by(*table.primary_key)):
            for column in table.c:
                yield Cell(table, row, column)


def is_proven(cell: Cell, rows: dict[str, dict[int, Any]]) -> bool:
    if cell.name in NEVER_PROVEN:
        return False
    if cell.name in _REFERRED_BY_DRAWS:
        column = _REFERRED_BY_DRAWS[cell.name]
        return any(getattr(draw, column) == cell.value for draw in rows["lot_draw"].values())
    if cell.name not in PROVEN_BY_AN_ENTRY:
        return True
    if cell.table.name == "hold_part":
        return bool(rows["points_hold"][cell.row.hold_id].state == HoldState.OPEN)
    if cell.name == "points_hold.closed_at":
        return cell.row.state in {HoldState.OPEN, HoldState.CAPTURED}
    return cell.row.state in {HoldState.CAPTURED, PendingState.MATURED}


def another(cell: Cell, chance: random.Random) -> object:
    """Any other value that the column could hold."""
    old, kind = cell.value, cell.column.type
    if cell.column.nullable and old is not None and chance.random() < 0.2:
        return None
    if cell.name in WORDS:
        return chance.choice([str(word) for word in WORDS[cell.name] if word != old])
    if isinstance(kind, sa.String):
        last = "1" if str(old).endswith("0") else "0"
        return chance.choice([f"{old}"[:-1], f"{old}"[:-1] + last, f"{old} "[-2:], "forged"])
    if isinstance(old, datetime) or "_at" in cell.column.name:
        step = timedelta(microseconds=chance.choice([1, 10**6, 10**9, 10**12, -1, -(10**10)]))
        return (old or now()) + step
    if isinstance(kind, sa.Integer | sa.BigInteger) or isinstance(old, int):
        return (old or 0) + chance.choice([-1, 1, chance.randint(2, 99), chance.randint(-99, -2)])
    return {"forged": chance.randint(1, 9)}


def is_found(plant: Callable[[Session], object]) -> bool | None:
    """Whether the audit finds what is planted; None when the database refuses to have it."""
    session = db.session()
    session.rollback()
    try:
        lower_guards(session)
        plant(session)
        return next(audit.findings(session), None) is not None
    except (sa.exc.IntegrityError, sa.exc.DataError):
        return None
    finally:
        session.rollback()


@pytest.mark.slow
@pytest.mark.timeout(times(400))
def test_every_cell_that_an_entry_proves_is_found_when_it_is_changed(ledger: list[int]) -> None:
    chance = random.Random(SEED)
    everything = list(cells(db.session()))
    rows = _rows_by_id(everything)
    provable = [cell for cell in everything if is_proven(cell, rows)]
    found = refused = 0
    for cell in provable * times(1):
        value = another(cell, chance)
        outcome = is_found(lambda session, cell=cell, value=value: cell.change(session, value))  # type: ignore[misc]
        assert outcome is not False, f"{cell.name} {cell.row}: {value!r} was not found"
        found, refused = found + (outcome is True), refused + (outcome is None)
    report(f"{found} edits found, {refused} refused by the database, of {len(everything)} cells")
    assert found >= 300


def _rows_by_id(everything: list[Cell]) -> dict[str, dict[int, Any]]:
    rows: dict[str, dict[int, Any]] = {table.name: {} for table in TABLES}
    for cell in everything:
        rows[cell.table.name][cell.row[0]] = cell.row
    return rows


# ------------------------------------------------------------------ by example


def test_what_is_planted_is_found(ledger: list[int]) -> None:
    assert [name for name in PLANTED if not is_found(_planter(name))] == []


def _planter(name: str) -> Callable[[Session], None]:
    def plant(session: Session) -> None:
        results = [session.execute(sa.text(statement)) for statement in PLANTED[name].split(";")]
        hit = [cast(sa.CursorResult[Any], result).rowcount for result in results]
        assert all(hit), f"{name}: nothing was planted: {hit}"

    return plant


def test_a_lot_that_matured_keeps_the_expiry_that_was_promised(ledger: list[int]) -> None:
    assert is_found(
        lambda session: session.execute(
            sa.text("UPDATE pending_earning SET expires_at = matures_at WHERE state = 'matured'")
        )
    )


def test_a_finding_says_where_what_is_proven_and_what_is_stored(ledger: list[int]) -> None:
    session = db.session()
    lower_guards(session)
    session.execute(
        sa.text("UPDATE points_account SET debt = 7 WHERE member_id = :it"), {"it": ledger[1]}
    )
    told = [str(finding) for finding in audit.findings(session)]
    session.rollback()
    assert told == [
        "account 2: debt: the entries prove 50, stored is 7",
        "account 2: available + held - debt: the entries prove -40, stored is 3",
    ]


def test_many_accounts_are_looked_at_in_batches(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "BATCH", 2)
    members = enrol(5)
    post(*[Credit(member, 5, GIFT, "g") for member in members])
    raised = "UPDATE points_account SET available = available + 1"
    session = db.session()
    session.execute(sa.text(raised))
    accounts = {finding.account_id for finding in audit.findings(session)}
    session.rollback()
    assert len(accounts) == 5
