"""A small ladder, members, and short names for what tests of tiers look at."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from points_mall.grants.rewards import Reward
from points_mall.ledger import audit
from points_mall.ledger.models import PointsAccount
from points_mall.tiers import publishing
from points_mall.tiers.growing import Growth, grow
from points_mall.tiers.models import MemberTier, TierChange, TierGift, TierGrowth, TierMove
from points_mall.tiers.steps import Benefits, Tier
from points_mall.tiers.terms import Basis, Terms
from tests.builders import shanghai

JOINED = shanghai("2025-01-01 10:00")
NOON = shanghai("2026-03-10 12:00")
"""When the tests begin, unless they say otherwise."""


def small_ladder(
    *,
    basis: Basis = Basis.AMOUNT,
    grace_days: int = 30,
    gifts: tuple[int, int] = (10, 50),
    gold: tuple[int | None, int | None] = (1_000, 600),
    diamond: tuple[int | None, int | None] = (5_000, 4_000),
    more: Sequence[Tier] = (),
) -> Terms:
    """Regular, gold from 1,000 (kept by 600), diamond from 5,000 (kept by 4,000); twelve months."""
    return Terms(
        basis,
        12,
        12,
        grace_days,
        (
            Tier("regular", 0, "普通会员", "Regular", "银卡", "Silver card", 0, 0),
            Tier(
                "gold", 1, "高级会员", "Senior", "金卡", "Gold card", *gold,
                Benefits(200, 11_000), points(gifts[0]),
            ),
            Tier(
                "diamond", 2, "至尊VIP会员", "Supreme VIP", "钻石卡", "Diamond card", *diamond,
                Benefits(1_000, 15_000, free_shipping=True), points(gifts[1]),
            ),
            *more,
        ),
    )  # fmt: skip


def points(amount: int) -> tuple[Reward, ...]:
    return (Reward("points", amount),) if amount else ()


def enrol(count: int = 1, first_number: int = 1) -> list[int]:
    """`count` members, by id."""
    with transaction() as session:
        members = [
            Member(member_no=f"{first_number + number:012d}", joined_at=JOINED)
            for number in range(count)
        ]
        session.add_all(members)
        session.flush()  # the ids are the answer
        return [member.id for member in members]


def bought(
    member_id: int, amount: int, reference: str, at: datetime = NOON, points: int = 0
) -> Growth:
    return Growth(member_id, amount, 1, points, at, f"purchase:{reference}")


def refunded(
    member_id: int, amount: int, reference: str, at: datetime = NOON, purchases: int = -1
) -> Growth:
    """What a refund takes back, dated as its purchase."""
    return Growth(member_id, -amount, purchases, 0, at, f"refund:{reference}")


def hear(*growths: Growth) -> None:
    """They become known together, in one transaction."""
    with transaction():
        grow(growths)


def stands(member_id: int) -> tuple[str, str, str | None, str | None]:
    """A member's tier, since when, until when it is held, and until when there is grace."""
    row = db.session.scalars(sa.select(MemberTier).filter_by(member_id=member_id)).one()
    db.session.refresh(row)
    return row.code, on_the_wall(row.since), _shown(row.keep_until), _shown(row.grace_until)


def _shown(moment: datetime | None) -> str | None:
    return None if moment is None else on_the_wall(moment)


def on_the_wall(moment: datetime) -> str:
    """A moment as the shop's clock shows it: `2026-03-10 12:00`."""
    return (moment.astimezone(UTC) + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M")


def history(member_id: int) -> list[tuple[str, str, str]]:
    """The changes of a member, the oldest first: from, to, why."""
    db.session.rollback()
    rows = db.session.execute(
        sa.select(TierChange.code_before, TierChange.code, TierChange.reason)
        .filter_by(member_id=member_id)
        .order_by(TierChange.id)
    )
    return [(before, after, reason) for before, after, reason in rows]


def account(member_id: int) -> tuple[int, int, int]:
    """Points available, held, owed."""
    db.session.rollback()
    row = db.session.scalars(sa.select(PointsAccount).filter_by(member_id=member_id)).one_or_none()
    return (row.available, row.held, row.debt) if row else (0, 0, 0)


def rows() -> dict[str, int]:
    """How many rows each table of tiers has: what a refusal must not change."""
    db.session.rollback()
    tables: tuple[Any, ...] = (MemberTier, TierChange, TierGift, TierGrowth, TierMove)
    return {
        table.__tablename__: db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for table in tables
    }


def assert_books_agree() -> None:
    assert list(audit.findings(db.session())) == []


@pytest.fixture
def noon(app: Flask) -> None:
    """It is noon on 10 March 2026 in a shop with the small ladder."""
    clock.set(NOON)
    publishing.publish(small_ladder(), date(2026, 3, 10))


@pytest.fixture
def li(noon: None) -> int:
    """A member who joined in 2025."""
    return enrol()[0]
