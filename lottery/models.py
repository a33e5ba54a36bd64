"""The tables of the lottery. What was promised and what was drawn is written once and kept.

Nothing here is deleted: rules, odds, draws, chances and what they gave are the archive that the law
asks for (two years at least).
"""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.append_only import append_only
from miniprogram_api.core.db import Base, BigId


class Wheel(Base):
    """A wheel as it stands now: its schedule, and the version that draws.

    `closed_at`: somebody closed it before its time.
    """

    __tablename__ = "wheel"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(64))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint("closes_at > opens_at", name="opens_before_it_closes"),
        sa.CheckConstraint("version > 0", name="has_a_version"),
    )


@append_only
class WheelVersion(Base):
    """Rules and odds of a wheel from a moment on, sealed over the version before.

    `points_cost` 0: points do not pay here. Limits are of one member; none: no limit.
    """

    __tablename__ = "wheel_version"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    wheel_id: Mapped[int] = mapped_column(sa.ForeignKey(Wheel.id))
    version: Mapped[int]
    effective_at: Mapped[datetime]
    title: Mapped[str] = mapped_column(sa.String(64))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]
    rules_zh: Mapped[str] = mapped_column(sa.Text)
    rules_en: Mapped[str] = mapped_column(sa.Text)
    points_cost: Mapped[int]
    free_draws_per_day: Mapped[int]
    daily_limit: Mapped[int | None]
    total_limit: Mapped[int | None]
    weight_total: Mapped[int]
    min_tier_rank: Mapped[int]
    new_member_days: Mapped[int | None]
    guarantee_nth: Mapped[int | None]
    actor: Mapped[str] = mapped_column(sa.String(64))
    prev_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))
    __table_args__ = (
        sa.UniqueConstraint("wheel_id", "version"),
        sa.CheckConstraint("points_cost >= 0 AND free_draws_per_day >= 0", name="not_negative"),
        sa.CheckConstraint("daily_limit > 0 AND total_limit > 0", name="limits_allow"),
        sa.CheckConstraint("weight_total > 0", name="can_be_drawn"),
        sa.CheckConstraint("min_tier_rank >= 0 AND new_member_days > 0", name="audience"),
        sa.CheckConstraint("guarantee_nth > 1", name="guarantee_comes_later"),
    )


@append_only
class WheelPrize(Base):
    """A prize of a version. `code` names it across versions, so that its units go on.

    `amount` and `item` are what its kind takes; `pool_id`: it is limited.
    """

    __tablename__ = "wheel_prize"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version_id: Mapped[int] = mapped_column(sa.ForeignKey(WheelVersion.id))
    position: Mapped[int]
    code: Mapped[str] = mapped_column(sa.String(32))
    name: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(32))
    weight: Mapped[int]
    amount: Mapped[int]
    item: Mapped[str | None] = mapped_column(sa.String(64))
    value_fen: Mapped[int]
    pool_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stock_pool.id"))
    expires_days: Mapped[int | None]
    fulfilment: Mapped[str | None] = mapped_column(sa.String(10))
    is_stocked: Mapped[bool]
    is_consolation: Mapped[bool]
    is_guaranteed: Mapped[bool]
    __table_args__ = (
        sa.UniqueConstraint("version_id", "position"),
        sa.UniqueConstraint("version_id", "code"),
        sa.CheckConstraint("weight >= 0 AND amount >= 0", name="not_negative"),
        sa.CheckConstraint("value_fen >= 0 AND value_fen <= 5000000", name="within_the_legal_cap"),
        sa.CheckConstraint("kind <> 'reward' OR pool_id IS NOT NULL", name="rewards_are_limited"),
    )


class FairnessPeriod(Base):
    """A day of a wheel: the seed that was promised, and, when the day is over, the seed itself.

    Until then it is sealed for this row. `next_index` is the number of the next draw; the row is
    locked while draws are numbered, so that no number is left out.
    """

    __tablename__ = "fairness_period"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    wheel_id: Mapped[int] = mapped_column(sa.ForeignKey(Wheel.id))
    day: Mapped[date]
    commitment: Mapped[str] = mapped_column(sa.String(64))
    seed_sealed: Mapped[str | None] = mapped_column(sa.Text)
    seed_hex: Mapped[str | None] = mapped_column(sa.String(64))
    next_index: Mapped[int]
    last_hash: Mapped[str] = mapped_column(sa.String(64))
    committed_at: Mapped[datetime]
    revealed_at: Mapped[datetime | None]
    __table_args__ = (
        sa.UniqueConstraint("wheel_id", "day"),
        sa.CheckConstraint("next_index > 0", name="counts_from_one"),
        sa.CheckConstraint(
            "(seed_hex IS NULL) = (revealed_at IS NULL)"
            " AND (seed_hex IS NULL) = (seed_sealed IS NOT NULL)",
            name="sealed_or_revealed",
        ),
        sa.Index("ix_fairness_period_sealed", "day",
                 postgresql_where=sa.text("revealed_at IS NULL"),
                 sqlite_where=sa.text("revealed_at IS NULL")),
    )  # fmt: skip


@append_only
class Draw(Base):
    """One draw, whole: from what it was drawn, what it fell on, what was given, and how it was paid.

    `picked_position` follows from seed and record alone; `granted_position` differs where the
    picked prize had run out. Sealed over the draw before it in its period.
    """

    __tablename__ = "draw"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draw_no: Mapped[str] = mapped_column(sa.String(24), unique=True)
    wheel_id: Mapped[int]
    version: Mapped[int]
    period_id: Mapped[int] = mapped_column(sa.ForeignKey(FairnessPeriod.id))
    draw_index: Mapped[int]
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    member_ref: Mapped[str] = mapped_column(sa.String(32))
    nonce: Mapped[str] = mapped_column(sa.String(64))
    digest_hex: Mapped[str] = mapped_column(sa.String(64))
    rule: Mapped[str] = mapped_column(sa.String(10))
    picked_position: Mapped[int]
    granted_position: Mapped[int]
    paid_by: Mapped[str] = mapped_column(sa.String(8))
    points: Mapped[int]
    granted: Mapped[dict[str, Any]]
    prev_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["wheel_id", "version"], [WheelVersion.wheel_id, WheelVersion.version]
        ),
        sa.UniqueConstraint("period_id", "draw_index"),
        sa.CheckConstraint("rule IN ('odds', 'guarantee')", name="known_rule"),
        sa.CheckConstraint(
            "paid_by IN ('free', 'chance', 'again', 'points')", name="known_payment"
        ),
        sa.CheckConstraint(
            "points >= 0 AND (points > 0) = (paid_by = 'points')", name="points_paid_if_they_did"
        ),
        sa.Index("ix_draw_member_id_id", "member_id", "id"),
        sa.Index("ix_draw_wheel_id_id", "wheel_id", "id"),
    )


@append_only
class DrawChanceGrant(Base):
    """The right to so many draws, of one wheel or of any, granted once for its cause."""

    __tablename__ = "draw_chance_grant"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    wheel_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Wheel.id))
    count: Mapped[int]
    reason: Mapped[str] = mapped_column(sa.String(32))
    reference: Mapped[str] = mapped_column(sa.String(160))
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    __table_args__ = (
        sa.UniqueConstraint("member_id", "reason", "reference"),
        sa.UniqueConstraint("id", "count"),  # what uses are counted against
        sa.CheckConstraint("count > 0", name="grants_something"),
    )


@append_only
class DrawChanceUse(Base):
    """The nth draw of a grant was used, for this draw; there are no more than were granted."""

    __tablename__ = "draw_chance_use"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    grant_id: Mapped[int]
    nth: Mapped[int]
    of_count: Mapped[int]
    draw_no: Mapped[str] = mapped_column(sa.ForeignKey(Draw.draw_no), unique=True)
    used_at: Mapped[datetime]
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["grant_id", "of_count"], [DrawChanceGrant.id, DrawChanceGrant.count]
        ),
        sa.UniqueConstraint("grant_id", "nth"),
        sa.CheckConstraint("nth >= 1 AND nth <= of_count", name="within_its_grant"),
    )


class MemberWheel(Base):
    """How often a member drew on a wheel; kept under the member's account lock.

    `draws` and `draws_today` count towards the limits (a draw won by "draw again" does not);
    `since_guaranteed` counts every draw since one fell on a guaranteed prize.
    """

    __tablename__ = "member_wheel"
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), primary_key=True)
    wheel_id: Mapped[int] = mapped_column(sa.ForeignKey(Wheel.id), primary_key=True)
    draws: Mapped[int]
    since_guaranteed: Mapped[int]
    day: Mapped[date]
    draws_today: Mapped[int]
    free_today: Mapped[int]
    __table_args__ = (
        sa.CheckConstraint(
            "draws >= draws_today AND draws_today >= free_today AND free_today >= 0",
            name="counts_fit",
        ),
        sa.CheckConstraint("since_guaranteed >= 0", name="since_not_negative"),
    )
