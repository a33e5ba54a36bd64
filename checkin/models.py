"""The tables of check-in. Days are the shop's; streaks are not stored but derived from the rows."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.append_only import append_only
from miniprogram_api.core.db import Base, BigId, Json


@append_only
class CheckInRule(Base):
    """A version of the rule, from a day on; the newest version of the latest such day is in force.

    A row with `withdraws` is no version: it takes back the one of that number before it began.
    """

    __tablename__ = "checkin_rule"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version: Mapped[int] = mapped_column(unique=True)
    effective_on: Mapped[date]
    terms: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(sa.String(200))
    actor: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    withdraws: Mapped[int | None] = mapped_column(
        sa.ForeignKey("checkin_rule.version"), unique=True
    )
    __table_args__ = (sa.Index("ix_checkin_rule_effective_on_version", "effective_on", "version"),)


class CheckIn(Base):
    """A member was there on a day, or made it up later; with what that brought, as it was granted."""

    __tablename__ = "checkin"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    day: Mapped[date]
    made_up: Mapped[bool]
    rule_version: Mapped[int]
    rewards: Mapped[Any] = mapped_column(Json)
    points: Mapped[int]
    created_at: Mapped[datetime]
    __table_args__ = (
        sa.UniqueConstraint("member_id", "day"),
        sa.CheckConstraint("points >= 0", name="points_not_negative"),
    )


@append_only
class MilestonePaid(Base):
    """A milestone's occasion was paid, and is not paid again.

    `occasion_on` names it: the day that completed a streak, the first day of a month, and for
    totals of all time `awards.ALWAYS`.
    """

    __tablename__ = "checkin_milestone"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(sa.String(8))
    days: Mapped[int]
    occasion_on: Mapped[date]
    day: Mapped[date]
    rule_version: Mapped[int]
    paid_at: Mapped[datetime]
    __table_args__ = (sa.UniqueConstraint("member_id", "kind", "days", "occasion_on"),)


class MakeUpCard(Base):
    """The right to make up one day. Used once; an unused one may expire."""

    __tablename__ = "make_up_card"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    reason: Mapped[str] = mapped_column(sa.String(32))
    reference: Mapped[str] = mapped_column(sa.String(160))
    number: Mapped[int]
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_on: Mapped[date | None]
    used_at: Mapped[datetime | None]
    __table_args__ = (
        sa.UniqueConstraint("member_id", "reason", "reference", "number"),
        sa.UniqueConstraint("member_id", "used_on"),
        sa.CheckConstraint("(used_on IS NULL) = (used_at IS NULL)", name="used_once"),
    )


class CheckInReminder(Base):
    """A member asked to be reminded at this minute of the shop's day, on days not yet checked in."""

    __tablename__ = "checkin_reminder"
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), primary_key=True)
    at_minute: Mapped[int]
    asked_at: Mapped[datetime]
    reminded_on: Mapped[date | None]
    __table_args__ = (
        sa.CheckConstraint("at_minute >= 0 AND at_minute < 1440", name="within_the_day"),
        sa.Index("ix_checkin_reminder_at_minute", "at_minute"),
    )
