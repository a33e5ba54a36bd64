"""Whatever is changed behind the wallet's back is found: every cell of every row."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from points_mall.wallet import audit
from points_mall.wallet.movements import Credit, Debit, Restore, Reverse
from points_mall.wallet.reasons import CASHBACK, PURCHASE, TOP_UP
from tests.campaign import SEED, report, times

from .conftest import ACCOUNTS, ENTRIES, START, enrol, figures, lower_guards, post

NEVER_PROVEN = {"wallet_account.opened_at", "wallet_entry.id"}


@pytest.fixture
def wallets(app: Flask) -> list[int]:
    """Three members: one is rich, one owes, one has nothing yet."""
    clock.set(START)
    members = enrol(3)
    rich, owes, _ = members
    post(
        Credit(rich, 100, 20, TOP_UP, "t", {"plan": "hundred"}, "till:1"),
        Debit(rich, 50, PURCHASE, "p"),
        Restore(rich, PURCHASE, "p", "r1", 1, 3),
        Restore(rich, PURCHASE, "p", "r2", 3, 3),
        Credit(rich, 0, 9, CASHBACK, "c"),
        Reverse(rich, CASHBACK, "c", 1, 2, "r1"),
    )
    post(
        Credit(owes, 30, 3, TOP_UP, "t"),
        Debit(owes, 31, PURCHASE, "p"),
        Reverse(owes, TOP_UP, "t", 1, 1, "r"),
    )
    assert [figures(rich), figures(owes)] == [(100, 25, 0), (0, 0, 31)]
    return members


def cells(session: Session) -> Iterator[tuple[sa.Table, Any, sa.Column[Any]]]:
    for table in (ACCOUNTS, ENTRIES):
        for row in session.execute(sa.select(table).order_by(*table.primary_key)).all():
            for column in table.c:
                if f"{table.name}.{column.name}" not in NEVER_PROVEN:
                    yield table, row, column


def another(value: Any, chance: random.Random) -> object:
    """Any other value that the column could hold."""
    if isinstance(value, datetime):
        return value + timedelta(microseconds=chance.choice([1, 10**6, -(10**9)]))
    if isinstance(value, int):
        return value + chance.choice([-1, 1, 7, -40])
    if isinstance(value, str):
        return value[:-1] + ("1" if value.endswith("0") else "0")
    return {"forged": 1} if value is None or isinstance(value, dict) else value


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


def test_every_cell_is_found_when_it_is_changed(wallets: list[int]) -> None:
    chance = random.Random(SEED)
    found = refused = 0
    for table, row, column in list(cells(db.session())) * times(1):
        value = row._mapping[column.name]
        forged = another(value, chance)
        if column.name == "undoes_seq" and value is None:
            forged = 1
        here = [key == row._mapping[key.name] for key in table.primary_key]
        change = table.update().where(*here).values({column.name: forged})
        outcome = is_found(lambda session, change=change: session.execute(change))  # type: ignore[misc]
        assert outcome is not False, f"{column} {row}: {forged!r} was not found"
        found, refused = found + (outcome is True), refused + (outcome is None)
    report(f"{found} edits found, {refused} refused by the database")
    assert found > 100


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM wallet_entry WHERE seq = 6",  # the last one of the rich
        "DELETE FROM wallet_entry WHERE seq = 2 AND reason = 'purchase'",
        "DELETE FROM wallet_entry",
        "DELETE FROM wallet_account WHERE debt_fen > 0",
        "UPDATE wallet_account SET principal_fen = principal_fen + 1 WHERE last_seq = 6",
        "UPDATE wallet_account SET debt_fen = 0",
    ],
)
def test_what_is_planted_is_found(wallets: list[int], statement: str) -> None:
    def plant(session: Session) -> None:
        assert session.execute(sa.text(statement)).rowcount  # type: ignore[attr-defined]

    assert is_found(plant)


def test_a_history_cannot_be_handed_to_another_member(wallets: list[int]) -> None:
    """The genesis of the chain names its owner."""
    rich, _, nobody = wallets
    post(Credit(nobody, 1, 0, TOP_UP, "t"))

    def swap(session: Session) -> None:
        for old, new in ((nobody, -1), (rich, nobody), (-1, rich)):
            for table in ("wallet_entry", "wallet_account"):
                session.execute(
                    sa.text(f"UPDATE {table} SET member_id = :new WHERE member_id = :old"),
                    {"old": old, "new": new},
                )

    assert is_found(swap)


def test_a_finding_says_where_what_is_proven_and_what_is_stored(wallets: list[int]) -> None:
    session = db.session()
    session.execute(sa.text("UPDATE wallet_account SET debt_fen = 7 WHERE debt_fen > 0"))
    told = [str(finding) for finding in audit.findings(session)]
    session.rollback()
    assert told == [
        f"wallet of member {wallets[1]}: figures: the entries prove (0, 0, 31), stored is (0, 0, 7)"
    ]


def test_many_wallets_are_looked_at_in_batches(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "BATCH", 2)
    members = enrol(5)
    post(*[Credit(member, 5, 0, TOP_UP, "t") for member in members])
    session = db.session()
    session.execute(sa.text("UPDATE wallet_account SET bonus_fen = 1"))
    found = {finding.member_id for finding in audit.findings(session)}
    session.rollback()
    assert found == set(members)
