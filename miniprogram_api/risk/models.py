"""The tables of anti-abuse: what was used of a day, who is blocked, what was decided."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId

_IN_FORCE = sa.text("lifted_at IS NULL")


class MemberDay(Base):
    """How much of a daily cap a member has used on a day of the shop."""

    __tablename__ = "member_day"
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    uses: Mapped[int]
    __table_args__ = (
        sa.CheckConstraint("uses > 0", name="used"),
        sa.Index("ix_member_day_day", "day"),
    )


class Block(Base):
    """Who may not take part: a member, or everybody behind an address or on a device.

    `subject` is the member's id, or the keyed hash of an address or device. A new block of the same
    subject lifts the one before; rows are never deleted, so that staff see who did what and why.
    """

    __tablename__ = "risk_block"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(8))
    subject: Mapped[str] = mapped_column(sa.String(64))
    reason: Mapped[str] = mapped_column(sa.String(200))
    added_by: Mapped[str] = mapped_column(sa.String(64))
    added_at: Mapped[datetime]
    until: Mapped[datetime | None]
    lifted_by: Mapped[str | None] = mapped_column(sa.String(64))
    lifted_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("kind IN ('member', 'address', 'device')", name="known_kind"),
        sa.CheckConstraint("until > added_at", name="lasts"),
        sa.CheckConstraint("(lifted_by IS NULL) = (lifted_at IS NULL)", name="lifted_by_somebody"),
        sa.Index("uq_risk_block_in_force", "kind", "subject", unique=True,
                 postgresql_where=_IN_FORCE, sqlite_where=_IN_FORCE),
    )  # fmt: skip


class RiskDecision(Base):
    """A refusal, why, by which version of the rules, and whether staff have lifted it.

    The same refusal again on the same day is counted, not written anew. `subject` names a member
    (`member:7`) or a keyed hash, `inputs` holds figures; neither holds anything personal.
    """

    __tablename__ = "risk_decision"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(80))
    action: Mapped[str] = mapped_column(sa.String(16))
    day: Mapped[date]
    verdict: Mapped[str] = mapped_column(sa.String(10))
    reasons: Mapped[str] = mapped_column(sa.String(200))  # separated by commas, in order
    inputs: Mapped[dict[str, Any]]
    rule_version: Mapped[str] = mapped_column(sa.String(16))
    times: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None] = mapped_column(sa.String(64))
    lifted_why: Mapped[str | None] = mapped_column(sa.String(200))
    exempt_until: Mapped[datetime | None]
    __table_args__ = (
        sa.UniqueConstraint("subject", "action", "day", "reasons"),
        sa.CheckConstraint("(lifted_by IS NULL) = (lifted_at IS NULL)", name="lifted_by_somebody"),
        sa.CheckConstraint(
            "(exempt_until IS NULL) = (lifted_at IS NULL)", name="exempt_once_lifted"
        ),
        sa.Index("ix_risk_decision_last_at", "last_at"),
    )
