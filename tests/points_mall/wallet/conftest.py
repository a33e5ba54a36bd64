"""A few members, and short names for what the wallet's tests look at."""

from collections.abc import Sequence
from typing import Any, cast

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from miniprogram_api.core import append_only
from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.members.models import Member
from points_mall.wallet import audit, posting, statements
from points_mall.wallet.models import WalletAccount, WalletEntry
from points_mall.wallet.movements import Movement, WalletPosted
from tests.builders import shanghai

START = shanghai("2026-11-21 10:00")
ACCOUNTS = cast(sa.Table, WalletAccount.__table__)
ENTRIES = cast(sa.Table, WalletEntry.__table__)


def enrol(count: int) -> list[int]:
    """`count` members, by id."""
    with transaction() as session:
        members = [Member(member_no=f"{number:012d}", joined_at=START) for number in range(count)]
        session.add_all(members)
        session.flush()  # the ids are the answer
        return [member.id for member in members]


@pytest.fixture
def member(app: Flask) -> int:
    """A member with nothing in the wallet, at ten o'clock in Shanghai."""
    clock.set(START)
    return enrol(1)[0]


def post(*movements: Movement) -> list[WalletPosted | DomainError]:
    with transaction():
        return posting.post(movements)


def post_one(movement: Movement) -> WalletPosted:
    """Post it; whatever it answers is no refusal."""
    (answer,) = post(movement)
    assert isinstance(answer, WalletPosted), answer
    return answer


def refusal_of(movement: Movement) -> str:
    """The code with which it is refused; nothing has moved."""
    before = contents()
    (answer,) = post(movement)
    assert isinstance(answer, DomainError), answer
    after = contents()
    opened = [row for row in after[0] if row.last_seq == 0]
    assert ([row for row in after[0] if row not in opened], after[1]) == (
        [row for row in before[0] if row.last_seq],
        before[1],
    )
    return answer.code


def figures(member_id: int) -> tuple[int, int, int]:
    """Principal, bonus and debt, of a wallet that the audit has found to be right."""
    db.session.rollback()
    assert list(audit.findings(db.session())) == []
    return tuple(statements.figures_of(member_id))  # type: ignore[return-value]


def contents() -> tuple[Sequence[Any], Sequence[Any]]:
    """Every row of every wallet: two of these are equal when nothing has changed in between."""
    db.session.rollback()
    rows = tuple(
        db.session.execute(sa.select(table).order_by(*table.primary_key)).all()
        for table in (ACCOUNTS, ENTRIES)
    )
    db.session.rollback()
    return rows  # type: ignore[return-value]


def lower_guards(session: Session) -> None:
    """Until this transaction ends, entries can be changed and foreign keys are not kept.

    Roll back, or raise the guards again.
    """
    if session.get_bind().dialect.name == "postgresql":
        for table in (ACCOUNTS, ENTRIES):
            session.execute(sa.text(f"ALTER TABLE {table.name} DISABLE TRIGGER ALL"))
        return
    session.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
    for verb in ("update", "delete"):
        session.execute(sa.text(f"DROP TRIGGER wallet_entry_no_{verb}"))


def raise_guards(session: Session) -> None:
    """Put back what `lower_guards` took down."""
    if session.get_bind().dialect.name == "postgresql":
        for table in (ACCOUNTS, ENTRIES):
            session.execute(sa.text(f"ALTER TABLE {table.name} ENABLE TRIGGER ALL"))
        return
    for statement in append_only.sqlite_ddl("wallet_entry"):
        session.execute(sa.text(statement))


def empty() -> None:
    """Every member and every wallet is gone, as if the database were new."""
    with transaction() as session:
        lower_guards(session)
        session.execute(ENTRIES.delete())
        session.execute(ACCOUNTS.delete())
        raise_guards(session)
        session.execute(cast(sa.Table, Member.__table__).delete())
