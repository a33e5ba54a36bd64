"""Rollups: everything here follows from other tables and can be counted anew from them."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base


class ReportMark(Base):
    """How far a list of rows that only grows has been counted.

    What was there at `followed_at` is counted, up to the id `followed_id`. `ahead_id` is how far
    the next run may go once every transaction of that moment has ended: those before `ahead_xid`.
    """

    __tablename__ = "report_mark"
    stream: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    followed_id: Mapped[int] = mapped_column(default=0)
    followed_at: Mapped[datetime | None]
    ahead_id: Mapped[int] = mapped_column(default=0)
    ahead_xid: Mapped[int] = mapped_column(default=0)
    ahead_at: Mapped[datetime | None]
    __table_args__ = (sa.CheckConstraint("followed_id <= ahead_id", name="not_ahead_of_itself"),)


class PointsDay(Base):
    """What the ledger's entries of a day of the shop moved, for one reason and counterparty."""

    __tablename__ = "points_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    counterparty: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    given_points: Mapped[int]
    taken_points: Mapped[int]
    given_count: Mapped[int]
    taken_count: Mapped[int]


class LotDay(Base):
    """What became of the lots of one day of the shop that live equally long.

    `last_on` is the last day on which they can be spent; `NEVER_ON` for those that never expire.
    What was spent and came back is not counted as spent.
    """

    __tablename__ = "lot_day"
    issued_on: Mapped[date] = mapped_column(primary_key=True)
    last_on: Mapped[date] = mapped_column(primary_key=True)
    granted_points: Mapped[int] = mapped_column(default=0)
    spent_points: Mapped[int] = mapped_column(default=0)
    expired_points: Mapped[int] = mapped_column(default=0)
    reversed_points: Mapped[int] = mapped_column(default=0)
    repaid_points: Mapped[int] = mapped_column(default=0)
    __table_args__ = (sa.Index("ix_lot_day_last_on", "last_on"),)


class MembershipDay(Base):
    """How many members joined and left on a day of the shop."""

    __tablename__ = "membership_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    joined_count: Mapped[int]
    closed_count: Mapped[int]


class MemberActivity(Base):
    """When an open member last did something: joined, bought, earned or spent."""

    __tablename__ = "member_activity"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    last_at: Mapped[datetime]


class ActivityDay(Base):
    """How many open members were last active on a day of the shop."""

    __tablename__ = "activity_day"
    last_on: Mapped[date] = mapped_column(primary_key=True)
    member_count: Mapped[int]
