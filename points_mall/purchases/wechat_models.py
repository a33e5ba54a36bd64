"""What was asked of WeChat Pay: payments and refunds, by the numbers that we gave them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId, Json

from .models import Purchase


class PaymentStage(StrEnum):
    """How a payment ended at WeChat, as far as we know."""

    OPEN = "open"  # it may still be paid, or has been and we have not heard
    PAID = "paid"
    CLOSED = "closed"  # nobody can pay it any more


class RefundStage(StrEnum):
    """How far the cash of a refund is on its way back."""

    ASKED = "asked"  # written down; WeChat may have heard of it, or not
    PROCESSING = "processing"
    SUCCESS = "success"
    CLOSED = "closed"  # WeChat gave it up; it takes another number
    ABNORMAL = "abnormal"  # the shopper's bank refused; settled on the merchant platform
    REFUSED = "refused"  # WeChat refused to begin; somebody must look


class WechatPayment(Base):
    """The cash of a purchase, asked for under the purchase's own number, whatever is repeated.

    :ivar openid: who may pay; empty once the member's account is closed.
    :ivar client_params: what `wx.requestPayment` was first given.
    :ivar check_at: when WeChat is asked next how it stands; None: never again.
    """

    __tablename__ = "wechat_payment"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    out_trade_no: Mapped[str] = mapped_column(sa.String(32), unique=True)
    purchase_id: Mapped[int] = mapped_column(sa.ForeignKey(Purchase.id), unique=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    openid: Mapped[str] = mapped_column(sa.String(64))
    amount_fen: Mapped[int]
    prepay_id: Mapped[str | None] = mapped_column(sa.String(64))
    client_params: Mapped[dict[str, Any] | None] = mapped_column(Json)
    transaction_id: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    state: Mapped[str] = mapped_column(sa.String(10), default=PaymentStage.OPEN)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    check_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="asks_for_money"),
        sa.CheckConstraint("state IN ('open', 'paid', 'closed')", name="known_state"),
        sa.Index("ix_wechat_payment_open", "check_at",
                 postgresql_where=sa.text("state = 'open'"),
                 sqlite_where=sa.text("state = 'open'")),
    )  # fmt: skip


class WechatRefund(Base):
    """Cash on its way back, asked for under one number until its end is known.

    :ivar refund_no: the refund of the purchase; None: the payment came too late and took no effect.
    :ivar note: what WeChat said when it refused.
    """

    __tablename__ = "wechat_refund"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    out_refund_no: Mapped[str] = mapped_column(sa.String(64), unique=True)
    out_trade_no: Mapped[str] = mapped_column(sa.ForeignKey(WechatPayment.out_trade_no), index=True)
    refund_no: Mapped[str | None] = mapped_column(sa.String(32), index=True)
    refund_fen: Mapped[int]
    total_fen: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(10), default=RefundStage.ASKED)
    reason: Mapped[str] = mapped_column(sa.String(80))
    note: Mapped[str | None] = mapped_column(sa.String(255))
    asked_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    check_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        sa.CheckConstraint("refund_fen > 0 AND refund_fen <= total_fen", name="within_the_payment"),
        sa.CheckConstraint(
            "state IN ('asked', 'processing', 'success', 'closed', 'abnormal', 'refused')",
            name="known_state",
        ),
        sa.Index("ix_wechat_refund_stuck", "asked_at",
                 postgresql_where=sa.text("state IN ('abnormal', 'refused')"),
                 sqlite_where=sa.text("state IN ('abnormal', 'refused')")),
        sa.Index("ix_wechat_refund_open", "check_at",
                 postgresql_where=sa.text("state IN ('asked', 'processing')"),
                 sqlite_where=sa.text("state IN ('asked', 'processing')")),
    )  # fmt: skip
