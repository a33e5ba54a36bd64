"""The tables of earning: the versions of the rule, and what each purchase was awarded under one."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.append_only import append_only
from miniprogram_api.core.db import Base, BigId


@append_only
class EarningRule(Base):
    """A version of the rule, from a moment on; of those that have begun, the latest is in force.

    A row with `withdraws` is no version: it takes back the one of that number before it began.
    """

    __tablename__ = "earning_rule"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version: Mapped[int] = mapped_column(unique=True)
    starts_at: Mapped[datetime]
    terms: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(sa.String(200))
    actor: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    withdraws: Mapped[int | None] = mapped_column(
        sa.ForeignKey("earning_rule.version"), unique=True
    )
    __table_args__ = (sa.Index("ix_earning_rule_starts_at_version", "starts_at", "version"),)


@append_only
class EarningAward(Base):
    """A purchase was judged, once; caps are judged by the sums of these rows.

    A purchase that earned nothing has a row as well, with the reason. `day` is the shop's day of
    `occurred_at`.
    """

    __tablename__ = "earning_award"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(sa.String(160), unique=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    source: Mapped[str] = mapped_column(sa.String(32))
    occurred_at: Mapped[datetime]
    day: Mapped[date]
    points: Mapped[int]
    cashback_fen: Mapped[int]
    rule_version: Mapped[int | None]
    explanation: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint("points >= 0", name="points_not_negative"),
        sa.CheckConstraint("cashback_fen >= 0", name="cashback_not_negative"),
        sa.Index("ix_earning_award_member_id_day_id", "member_id", "day", "id"),
    )
