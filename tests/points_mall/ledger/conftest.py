"""A few members, and short names for what the ledger's tests look at."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import transaction
from miniprogram_api.members.models import Member
from points_mall.ledger.reasons import declare

START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
GIFT = declare("test_gift", "测试赠送", "Test gift", counterparty="test")
PURCHASE = declare(
    "test_purchase", "测试消费", "Test purchase", counterparty="test_purchase", may_mature=True
)
ORDER = declare("test_order", "测试兑换", "Test order", counterparty="test_order")


def enrol(count: int) -> list[int]:
    """`count` members, by id."""
    with transaction() as session:
        members = [Member(member_no=f"{number:012d}", joined_at=START) for number in range(count)]
        session.add_all(members)
        session.flush()  # the ids are the answer
        return [member.id for member in members]


@pytest.fixture
def member(app: Flask) -> int:
    """A member without points, at ten o'clock in Shanghai."""
    clock.set(START)
    return enrol(1)[0]
