"""Purchases, rules, and short names for what earning's tests look at."""

from datetime import date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from points_mall.earning import rule_book
from points_mall.earning.facts import BoughtLine, Earned, Occasion
from points_mall.earning.models import EarningAward
from points_mall.earning.services import award
from points_mall.earning.terms import Rate, Terms
from points_mall.ledger import audit
from points_mall.ledger.models import LedgerEntry, PointsAccount
from tests.builders import shanghai

SATURDAY = date(2026, 11, 21)
MORNING = shanghai("2026-11-21 10:00")
A_YUAN = Rate(1, 100)


def terms(rate: Rate = A_YUAN, **more: Any) -> Terms:
    """A point a yuan, rounded down, unless told otherwise."""
    return Terms(rate, **more)


def bought(*amounts_fen: int, category: str = "food", **more: Any) -> Occasion:
    """A purchase with lines of these amounts."""
    facts = {
        "member_id": 1,
        "reference": "purchase:till:1",
        "occurred_at": MORNING,
        "lines": tuple(BoughtLine(category, amount) for amount in amounts_fen),
        "source": "till",
        **more,
    }
    return Occasion(**facts)


def buys(member: int, number: int, *amounts_fen: int, **more: Any) -> Occasion:
    """A purchase of a member, told from others by its number."""
    return bought(*amounts_fen, member_id=member, reference=f"purchase:till:{number}", **more)


def awarded(*occasions: Occasion) -> list[Earned]:
    with transaction():
        return award(occasions)


def in_force(rule: Terms, starts_at: datetime | None = None) -> int:
    """Let a rule be in force from now on; its version."""
    return rule_book.publish(rule, starts_at).version


def enrol(count: int) -> list[int]:
    """`count` members, by id."""
    with transaction() as session:
        members = [Member(member_no=f"{number:012d}", joined_at=MORNING) for number in range(count)]
        session.add_all(members)
        session.flush()  # the ids are the answer
        return [member.id for member in members]


def entries_of(member: int) -> list[tuple[str, str, int]]:
    """Reason, reference and points of every entry; the audit must be clean whenever we look."""
    db.session.rollback()
    assert list(audit.findings(db.session())) == []
    query = (
        sa.select(LedgerEntry.reason, LedgerEntry.reference, LedgerEntry.points)
        .join(PointsAccount, PointsAccount.id == LedgerEntry.account_id)
        .where(PointsAccount.member_id == member)
        .order_by(LedgerEntry.seq)
    )
    return [(row.reason, row.reference, row.points) for row in db.session.execute(query)]


def award_rows() -> list[tuple[str, int, int | None]]:
    """Reference, points and rule version of every award, the oldest first."""
    db.session.rollback()
    query = sa.select(EarningAward).order_by(EarningAward.id)
    return [(row.reference, row.points, row.rule_version) for row in db.session.scalars(query)]


@pytest.fixture
def shop(app: Flask) -> Flask:
    """A shop at ten o'clock on a Saturday, without a rule."""
    clock.set(MORNING)
    return app


@pytest.fixture
def member(shop: Flask) -> int:
    return enrol(1)[0]
