"""What members bought for money, what was refunded of it, and the notices that told of both."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId, Json

from .states import NoticeState, PurchaseStatus, Purpose, RefundState


class Purchase(Base):
    """One purchase, whatever its source, and the tenders that settle it.

    `total_fen` is settled by cash, points as cash and the wallet; `refunded_fen` of it came back.
    The source and its own number make it unique: for WeChat Pay that number is `purchase_no`.
    """

    __tablename__ = "purchase"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    purchase_no: Mapped[str] = mapped_column(sa.String(32), unique=True)
    source: Mapped[str] = mapped_column(sa.String(20))
    external_id: Mapped[str] = mapped_column(sa.String(64))
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))
    status: Mapped[str] = mapped_column(sa.String(20), default=PurchaseStatus.AWAITING_PAYMENT)
    purpose: Mapped[str] = mapped_column(sa.String(16), default=Purpose.SALE)
    subject: Mapped[str | None] = mapped_column(sa.String(64))
    """The order of a redemption, the plan of a top-up."""
    title: Mapped[str] = mapped_column(sa.String(128))
    store: Mapped[str | None] = mapped_column(sa.String(64))
    gross_fen: Mapped[int]
    discount_fen: Mapped[int] = mapped_column(default=0)
    total_fen: Mapped[int]
    cash_fen: Mapped[int]
    points_used: Mapped[int] = mapped_column(default=0)
    points_fen: Mapped[int] = mapped_column(default=0)
    wallet_fen: Mapped[int] = mapped_column(default=0)
    wallet_principal_fen: Mapped[int] = mapped_column(default=0)
    """What of the wallet's part was money that the member had paid in: it earns, the rest does not."""
    refunded_fen: Mapped[int] = mapped_column(default=0)
    points_earned: Mapped[int] = mapped_column(default=0)
    cashback_fen: Mapped[int] = mapped_column(default=0)
    placed_at: Mapped[datetime]
    pay_by: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str | None] = mapped_column(sa.String(32))
    paid_late_at: Mapped[datetime | None]
    """When it was paid although it was closed: that money goes back."""
    explanation: Mapped[dict[str, Any] | None] = mapped_column(Json)
    __table_args__ = (
        sa.UniqueConstraint("source", "external_id"),
        sa.CheckConstraint("gross_fen - discount_fen = total_fen", name="discount_adds_up"),
        sa.CheckConstraint(
            "cash_fen + points_fen + wallet_fen = total_fen", name="tenders_add_up"
        ),
        sa.CheckConstraint(
            "gross_fen >= 0 AND discount_fen >= 0 AND cash_fen >= 0 AND points_fen >= 0"
            " AND wallet_fen >= 0 AND points_used >= 0",
            name="tenders_not_negative",
        ),
        sa.CheckConstraint(
            "wallet_principal_fen >= 0 AND wallet_principal_fen <= wallet_fen",
            name="principal_within_wallet",
        ),
        sa.CheckConstraint(
            "refunded_fen >= 0 AND refunded_fen <= total_fen", name="refunds_within_total"
        ),
        sa.Index("ix_purchase_member_id_id", "member_id", "id"),
        sa.Index("ix_purchase_subject", "subject"),
        sa.Index("ix_purchase_placed_at", "placed_at"),
        sa.Index("ix_purchase_refunded", "id",
                 postgresql_where=sa.text("refunded_fen > 0 OR total_fen = 0"),
                 sqlite_where=sa.text("refunded_fen > 0 OR total_fen = 0")),
        sa.Index("ix_purchase_unpaid", "pay_by",
                 postgresql_where=sa.text("status = 'awaiting_payment'"),
                 sqlite_where=sa.text("status = 'awaiting_payment'")),
    )  # fmt: skip


class PurchaseLine(Base):
    """One line of a purchase: `payable_fen` after discounts, `refunded_fen` of it came back."""

    __tablename__ = "purchase_line"
    purchase_id: Mapped[int] = mapped_column(sa.ForeignKey(Purchase.id), primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str | None] = mapped_column(sa.String(64))
    title: Mapped[str] = mapped_column(sa.String(128))
    category: Mapped[str] = mapped_column(sa.String(32))
    quantity: Mapped[int] = mapped_column(default=1)
    amount_fen: Mapped[int]
    payable_fen: Mapped[int]
    refunded_fen: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        sa.CheckConstraint("quantity > 0", name="has_some"),
        sa.CheckConstraint(
            "payable_fen >= 0 AND payable_fen <= amount_fen", name="payable_within_amount"
        ),
        sa.CheckConstraint(
            "refunded_fen >= 0 AND refunded_fen <= payable_fen", name="refunds_within_payable"
        ),
    )


class PurchaseRefund(Base):
    """Value given back, as its source told it, and what that moved.

    :ivar amount_fen: the value that was told; None where only cash was, and the value follows.
    :ivar value_fen: by how much it raised what is refunded of the purchase.
    """

    __tablename__ = "purchase_refund"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    refund_no: Mapped[str] = mapped_column(sa.String(32), unique=True)
    source: Mapped[str] = mapped_column(sa.String(20))
    external_id: Mapped[str] = mapped_column(sa.String(64))
    purchase_source: Mapped[str] = mapped_column(sa.String(20))
    purchase_external_id: Mapped[str] = mapped_column(sa.String(64))
    purchase_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Purchase.id), index=True)
    amount_fen: Mapped[int | None]
    cash_fen: Mapped[int | None]
    lines: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What of the amount belongs to which line: fen by line number."""
    state: Mapped[str] = mapped_column(sa.String(16), default=RefundState.WAITING)
    note: Mapped[str | None] = mapped_column(sa.String(255))
    reason: Mapped[str] = mapped_column(sa.String(80))
    actor: Mapped[str] = mapped_column(sa.String(64))
    refunded_at: Mapped[datetime]
    heard_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    value_fen: Mapped[int] = mapped_column(default=0)
    points_taken_back: Mapped[int] = mapped_column(default=0)
    points_returned: Mapped[int] = mapped_column(default=0)
    wallet_returned_fen: Mapped[int] = mapped_column(default=0)
    cashback_taken_back_fen: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        sa.UniqueConstraint("source", "external_id"),
        sa.CheckConstraint("amount_fen IS NOT NULL OR cash_fen IS NOT NULL", name="tells_how_much"),
        sa.CheckConstraint("value_fen >= 0", name="value_not_negative"),
        sa.Index("ix_purchase_refund_waiting", "purchase_source", "purchase_external_id",
                 postgresql_where=sa.text("state = 'waiting'"),
                 sqlite_where=sa.text("state = 'waiting'")),
    )  # fmt: skip


class PaymentNotice(Base):
    """What a payment system told us, stored before anything else is done with it."""

    __tablename__ = "payment_notice"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source: Mapped[str] = mapped_column(sa.String(20))
    notice_id: Mapped[str] = mapped_column(sa.String(64))
    event_type: Mapped[str] = mapped_column(sa.String(64))
    resource: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(sa.String(16), default=NoticeState.STORED)
    note: Mapped[str | None] = mapped_column(sa.String(500))
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    __table_args__ = (
        sa.UniqueConstraint("source", "notice_id"),
        sa.Index("ix_payment_notice_stored", "id",
                 postgresql_where=sa.text("state = 'stored'"),
                 sqlite_where=sa.text("state = 'stored'")),
        sa.Index("ix_payment_notice_open", "state", "id",
                 postgresql_where=sa.text("state IN ('waiting', 'failed')"),
                 sqlite_where=sa.text("state IN ('waiting', 'failed')")),
    )  # fmt: skip
