"""Orders paid in points."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId

from .states import OrderStatus


class RedemptionOrder(Base):
    """What a member exchanged points for, and what became of it.

    `order_no` follows from the member's idempotency key, so a repeat can only mean the same order.
    While cash is owed (`awaiting_payment`) the points are held, not spent, until `pay_by`. Once a
    payment was begun, the outcome of that payment ends the wait, as long as it can be learnt.
    """

    __tablename__ = "redemption_order"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_no: Mapped[str] = mapped_column(sa.String(24), unique=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    source: Mapped[str] = mapped_column(sa.String(16))  # "reward" or "flash_sale"
    source_id: Mapped[int]  # the variant, or the item of the sale
    pool_id: Mapped[int] = mapped_column(sa.ForeignKey("stock_pool.id"))
    title: Mapped[str] = mapped_column(sa.String(64))
    quantity: Mapped[int]
    points: Mapped[int]
    cash_fen: Mapped[int] = mapped_column(default=0)
    shipping_fen: Mapped[int] = mapped_column(default=0)
    """What of the cash is for sending it, before tier and coupons."""
    status: Mapped[str] = mapped_column(sa.String(20), default=OrderStatus.PLACED)
    fulfilment: Mapped[str] = mapped_column(sa.String(10))  # "pickup" or "delivery"
    pickup_code: Mapped[str | None] = mapped_column(sa.String(16), unique=True)
    delivery_sealed: Mapped[str | None] = mapped_column(sa.Text)
    carrier: Mapped[str | None] = mapped_column(sa.String(32))
    tracking_no: Mapped[str | None] = mapped_column(sa.String(40))
    placed_at: Mapped[datetime]
    pay_by: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    cancel_reason: Mapped[str | None] = mapped_column(sa.String(32))
    is_cancellable: Mapped[bool] = mapped_column(default=True)  # by the member, as it was offered
    is_stocked: Mapped[bool] = mapped_column(default=False)  # ready at the counter once it is paid
    payment_begun_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("quantity > 0", name="orders_something"),
        sa.CheckConstraint("points >= 0 AND cash_fen >= 0", name="price_not_negative"),
        sa.CheckConstraint(
            "shipping_fen >= 0 AND shipping_fen <= cash_fen", name="shipping_within_cash"
        ),
        sa.CheckConstraint(
            "(fulfilment = 'pickup') = (pickup_code IS NOT NULL)", name="collected_by_code"
        ),
        sa.Index("ix_redemption_order_member_id", "member_id", "id"),
        sa.Index("ix_redemption_order_placed_at", "placed_at"),
        sa.Index("ix_redemption_order_pool_id", "pool_id", "id"),
        sa.Index("ix_redemption_order_waiting", "fulfilment", "id",
                 postgresql_where=sa.text("status IN ('placed', 'ready')"),
                 sqlite_where=sa.text("status IN ('placed', 'ready')")),
        sa.Index("ix_redemption_order_unpaid", "pay_by",
                 postgresql_where=sa.text("status = 'awaiting_payment'"),
                 sqlite_where=sa.text("status = 'awaiting_payment'")),
        sa.Index("ix_redemption_order_shipped", "changed_at",
                 postgresql_where=sa.text("status = 'shipped'"),
                 sqlite_where=sa.text("status = 'shipped'")),
    )  # fmt: skip
