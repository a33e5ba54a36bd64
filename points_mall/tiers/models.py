"""The ladder, what members did to climb it, where they stand and how they came there."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.append_only import append_only
from miniprogram_api.core.db import Base, BigId


@append_only
class TierLadder(Base):
    """A version of the ladder, in force from a moment until the next one begins.

    A row with `withdraws` is no version: it takes back the one of that number before it began.
    """

    __tablename__ = "tier_ladder"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version: Mapped[int] = mapped_column(unique=True)
    starts_at: Mapped[datetime]
    terms: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(sa.String(200))
    actor: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    withdraws: Mapped[int | None] = mapped_column(sa.ForeignKey("tier_ladder.version"), unique=True)


@append_only
class TierGrowth(Base):
    """What a purchase added to a member's growth, or a refund took back of it (below zero).

    `occurred_at` is the purchase's, so that both leave the window together.
    """

    __tablename__ = "tier_growth"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(sa.String(160), unique=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    amount_fen: Mapped[int]
    purchases: Mapped[int]
    points: Mapped[int]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    __table_args__ = (sa.Index("ix_tier_growth_member_id_occurred_at", "member_id", "occurred_at"),)


@append_only
class TierMove(Base):
    """Staff moved a member to a tier."""

    __tablename__ = "tier_move"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    code: Mapped[str] = mapped_column(sa.String(16))
    rank: Mapped[int]
    why: Mapped[str] = mapped_column(sa.String(200))
    actor: Mapped[str] = mapped_column(sa.String(64))
    moved_at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("rank >= 0", name="rank_not_negative"),)


class MemberTier(Base):
    """The tier of a member; who has no row stands on the lowest step.

    A figure that follows from growth, moves and ladder, kept because it is asked for all the time.
    """

    __tablename__ = "member_tier"
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(16))
    rank: Mapped[int]
    since: Mapped[datetime]
    keep_until: Mapped[datetime | None]
    grace_until: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("rank >= 0", name="rank_not_negative"),
        sa.Index("ix_member_tier_rank", "rank"),
    )


@append_only
class TierChange(Base):
    """How a member's standing changed, and why; the last one is where the member stands.

    `since`, `keep_until` and `grace_until` are those after the change; `reference` is that of the
    purchase or refund that brought it.
    """

    __tablename__ = "tier_change"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    code_before: Mapped[str] = mapped_column(sa.String(16))
    code: Mapped[str] = mapped_column(sa.String(16))
    rank: Mapped[int]
    since: Mapped[datetime]
    keep_until: Mapped[datetime | None]
    grace_until: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(sa.String(16))
    reference: Mapped[str] = mapped_column(sa.String(160))
    growth: Mapped[int]
    ladder_version: Mapped[int]
    actor: Mapped[str] = mapped_column(sa.String(64))
    changed_at: Mapped[datetime]
    __table_args__ = (sa.Index("ix_tier_change_member_id_id", "member_id", "id"),)


class TierGift(Base):
    """What a member was given for rising to a tier; its points go back when a refund undoes the rise.

    `number` counts the gifts of a member for one tier; at most one is not taken back.
    """

    __tablename__ = "tier_gift"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    code: Mapped[str] = mapped_column(sa.String(16))
    number: Mapped[int]
    ladder_version: Mapped[int]
    points: Mapped[int]
    given_at: Mapped[datetime]
    taken_back_at: Mapped[datetime | None]
    __table_args__ = (
        sa.UniqueConstraint("member_id", "code", "number"),
        sa.CheckConstraint("points >= 0", name="points_not_negative"),
    )
