"""A few members who earn and spend on known days."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from miniprogram_api.members.rules import new_member_no
from points_mall.ledger import posting
from points_mall.ledger.movements import Posted
from points_mall.ledger.reasons import declare
from points_mall.reports import audit, services

START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai."""

DAY = timedelta(days=1)
GIFT = declare("test_gift", "测试赠送", "Test gift", counterparty="test")
ORDER = declare("test_order", "测试兑换", "Test order", counterparty="test_order")
MIDNIGHT = timedelta(hours=14)
"""From ten in the morning to the shop's midnight."""


def enrol(count: int = 1) -> list[int]:
    with transaction() as session:
        members = [Member(member_no=new_member_no(), joined_at=now()) for _ in range(count)]
        session.add_all(members)
        session.flush()
        return [member.id for member in members]


def earn(member: int, points: int, reference: str, days: int | None = None) -> Posted:
    """Earn points that live `days` whole days of the shop beyond today."""
    at = None if days is None else START + MIDNIGHT + (now() - START) + days * DAY
    with transaction():
        return posting.credit(member, points, reason=GIFT, reference=reference, expires_at=at)


def spend(member: int, points: int, reference: str) -> Posted:
    with transaction():
        return posting.debit(member, points, reason=ORDER, reference=reference)


def counted() -> None:
    """Bring every rollup up to date."""
    services.follow()
    services.recount_all()
    db.session.rollback()


def differences() -> Sequence[str]:
    db.session.rollback()
    return [str(found) for found in audit.findings(db.session())]


@pytest.fixture
def member(app: Flask) -> int:
    """Somebody who joined at ten in the morning of 21 November 2026."""
    clock.set(START)
    return enrol()[0]
