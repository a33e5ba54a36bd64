"""Points are a liability: entries are appended, never changed; lots say what is left of each credit."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.append_only import append_only
from miniprogram_api.core.db import Base, BigId, Json


class HoldState(StrEnum):
    """What became of a hold."""

    OPEN = "open"
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"


class PendingState(StrEnum):
    """What became of an earning that had to wait."""

    PENDING = "pending"
    MATURED = "matured"
    CANCELLED = "cancelled"


class DrawKind(StrEnum):
    """What a draw on a lot was for."""

    SPEND = "spend"
    EXPIRE = "expire"
    REVERSE = "reverse"
    REPAY = "repay"
    RESTORE = "restore"


class AdjustmentState(StrEnum):
    """What became of a request for an adjustment; an open one past its end is over by itself."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class PointsAccount(Base):
    """A member's points: cached figures that `flask ledger verify` proves from the entries.

    `available + held - debt` is the sum of the entries; `available + held` the sum of what the lots
    have left. `pending` is not in the balance yet.
    """

    __tablename__ = "points_account"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), unique=True)
    available: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    debt: Mapped[int] = mapped_column(default=0)
    pending: Mapped[int] = mapped_column(default=0)
    lifetime_earned: Mapped[int] = mapped_column(default=0)
    last_seq: Mapped[int] = mapped_column(default=0)
    last_hash: Mapped[str] = mapped_column(sa.String(64))
    opened_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint("available >= 0", name="available_not_overdrawn"),
        sa.CheckConstraint("held >= 0", name="held_not_negative"),
        sa.CheckConstraint("debt >= 0", name="debt_not_negative"),
        sa.CheckConstraint("pending >= 0", name="pending_not_negative"),
        sa.CheckConstraint("lifetime_earned >= 0", name="lifetime_earned_not_negative"),
    )


@append_only
class LedgerEntry(Base):
    """One movement of points between an account and a counterparty, once and for all.

    `seq` counts an account's entries without a gap; `hash` covers the entry and the hash before it.
    """

    __tablename__ = "ledger_entry"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey(PointsAccount.id))
    seq: Mapped[int]
    points: Mapped[int]  # above zero credits, below zero debits
    counterparty: Mapped[str] = mapped_column(sa.String(32))
    balance_after: Mapped[int]
    reason: Mapped[str] = mapped_column(sa.String(32))
    reference: Mapped[str] = mapped_column(sa.String(160))  # its cause: "checkin:2026-11-21"
    reverses_id: Mapped[int | None] = mapped_column(sa.ForeignKey("ledger_entry.id"), index=True)
    explanation: Mapped[dict[str, Any] | None] = mapped_column(Json)
    actor: Mapped[str] = mapped_column(sa.String(64))
    occurred_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]  # of the lots that it opened
    prev_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))
    __table_args__ = (
        sa.UniqueConstraint("account_id", "reason", "reference"),
        sa.UniqueConstraint("account_id", "seq"),
        sa.CheckConstraint("points <> 0", name="moves"),
        sa.Index("ix_ledger_entry_occurred_at", "occurred_at"),
        sa.Index("ix_ledger_entry_reason", "reason", "occurred_at", "points"),
    )


class PointsLot(Base):
    """What is left of one credit, and until when; `held` of it is set aside by open holds.

    `restores_id` names the expired lot in whose place restored points got a period of grace.
    """

    __tablename__ = "points_lot"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey(PointsAccount.id), index=True)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey(LedgerEntry.id), index=True)
    restores_id: Mapped[int | None] = mapped_column(sa.ForeignKey("points_lot.id"))
    granted: Mapped[int]
    remaining: Mapped[int]
    held: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("granted > 0", name="grants"),
        sa.CheckConstraint("remaining >= 0 AND remaining <= granted", name="not_overdrawn"),
        sa.CheckConstraint("held >= 0 AND held <= remaining", name="holds_what_remains"),
        sa.Index("ix_points_lot_open", "account_id", "expires_at", postgresql_where=sa.text("remaining > 0"),
                 sqlite_where=sa.text("remaining > 0")),
        sa.Index("ix_points_lot_expiring", "expires_at", postgresql_where=sa.text("remaining > 0"),
                 sqlite_where=sa.text("remaining > 0")),
    )  # fmt: skip


@append_only
class LotDraw(Base):
    """What an entry took from a lot, or (below zero) put back into it."""

    __tablename__ = "lot_draw"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey(LedgerEntry.id))
    lot_id: Mapped[int] = mapped_column(sa.ForeignKey(PointsLot.id), index=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    points: Mapped[int]
    __table_args__ = (
        sa.UniqueConstraint("entry_id", "lot_id", "kind"),
        sa.CheckConstraint("points <> 0", name="moves"),
    )


class PointsHold(Base):
    """Points set aside for something not yet certain; captured or voided once, or expired."""

    __tablename__ = "points_hold"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey(PointsAccount.id))
    points: Mapped[int]
    captured_points: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(sa.String(16), default=HoldState.OPEN)
    reason: Mapped[str] = mapped_column(sa.String(32))
    counterparty: Mapped[str] = mapped_column(sa.String(32))
    reference: Mapped[str] = mapped_column(sa.String(160))
    placed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    __table_args__ = (
        sa.UniqueConstraint("account_id", "reason", "reference"),
        sa.CheckConstraint("points > 0", name="holds"),
        sa.CheckConstraint(
            "captured_points >= 0 AND captured_points <= points", name="captures_what_it_holds"
        ),
        sa.Index("ix_points_hold_open", "expires_at", postgresql_where=sa.text("state = 'open'"),
                 sqlite_where=sa.text("state = 'open'")),
    )  # fmt: skip


class HoldPart(Base):
    """Which lot a hold has set points aside in."""

    __tablename__ = "hold_part"
    hold_id: Mapped[int] = mapped_column(sa.ForeignKey(PointsHold.id), primary_key=True)
    lot_id: Mapped[int] = mapped_column(sa.ForeignKey(PointsLot.id), primary_key=True)
    points: Mapped[int] = mapped_column(sa.CheckConstraint("points > 0", name="holds"))


class PendingEarning(Base):
    """An earning that counts only after its maturity; cancelled points never reach the balance."""

    __tablename__ = "pending_earning"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey(PointsAccount.id))
    points: Mapped[int]
    cancelled_points: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(sa.String(16), default=PendingState.PENDING)
    reason: Mapped[str] = mapped_column(sa.String(32))
    counterparty: Mapped[str] = mapped_column(sa.String(32))
    reference: Mapped[str] = mapped_column(sa.String(160))
    explanation: Mapped[dict[str, Any] | None] = mapped_column(Json)
    actor: Mapped[str] = mapped_column(sa.String(64))
    earned_at: Mapped[datetime]
    matures_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    __table_args__ = (
        sa.UniqueConstraint("account_id", "reason", "reference"),
        sa.CheckConstraint("points > 0", name="earns"),
        sa.CheckConstraint(
            "cancelled_points >= 0 AND cancelled_points <= points", name="cancels_what_it_has"
        ),
        sa.Index("ix_pending_earning_due", "matures_at",
                 postgresql_where=sa.text("state = 'pending'"),
                 sqlite_where=sa.text("state = 'pending'")),
    )  # fmt: skip


class AdjustmentRequest(Base):
    """Points that somebody wants to give or take by hand, beyond what one may alone.

    Somebody else decides; `entry_id` is what was posted then. `reference` is made by the form, so that
    sending it twice asks once.
    """

    __tablename__ = "adjustment_request"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    points: Mapped[int]
    why: Mapped[str] = mapped_column(sa.String(200))
    reference: Mapped[str] = mapped_column(sa.String(64), unique=True)
    state: Mapped[str] = mapped_column(sa.String(16), default=AdjustmentState.OPEN)
    asked_by: Mapped[str] = mapped_column(sa.String(64))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(sa.String(64))
    decided_at: Mapped[datetime | None]
    decided_why: Mapped[str | None] = mapped_column(sa.String(200))
    entry_id: Mapped[int | None] = mapped_column(sa.ForeignKey(LedgerEntry.id), unique=True)
    __table_args__ = (
        sa.CheckConstraint("points <> 0", name="moves"),
        sa.CheckConstraint("state = 'withdrawn' OR decided_by <> asked_by", name="four_eyes"),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL) AND (state = 'open') = (decided_by IS NULL)",
            name="decided_by_somebody",
        ),
        sa.CheckConstraint("(state = 'approved') = (entry_id IS NOT NULL)", name="posted_once"),
        sa.Index("ix_adjustment_request_member_id", "member_id"),
        sa.Index("ix_adjustment_request_open", "expires_at",
                 postgresql_where=sa.text("state = 'open'"),
                 sqlite_where=sa.text("state = 'open'")),
    )  # fmt: skip
