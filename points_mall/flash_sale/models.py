"""Sales and their items; how many units there are, and who owns them, is the stock's business."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId
from points_mall.catalogue.models import Reward


class FlashSale(Base):
    """One time slot in which items can be had; slots of one campaign share its name.

    `closed_at`: somebody ended it before its time. `settled_at`: it is over, and its stock has been
    swept and compared.
    """

    __tablename__ = "flash_sale"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    campaign: Mapped[str] = mapped_column(sa.String(64))
    title: Mapped[str] = mapped_column(sa.String(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(sa.String(64))
    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="lasts"),
        sa.CheckConstraint("closed_at < ends_at", name="closed_before_its_time"),
        sa.Index("ix_flash_sale_ends_at", "ends_at"),
    )


class FlashSaleItem(Base):
    """Something offered in a sale. What it costs never changes: with another price it is another row.

    `stock` counts the units of its pool; `reward_id` names the same thing in the catalogue. No id is given
    out twice, not even by SQLite: members claim what they were shown by its id.
    """

    __tablename__ = "flash_sale_item"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sale_id: Mapped[int] = mapped_column(sa.ForeignKey(FlashSale.id), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(64))
    points_price: Mapped[int]
    cash_fen: Mapped[int]
    stock: Mapped[int]
    allowance: Mapped[int | None]
    min_tier_rank: Mapped[int]
    fulfilment: Mapped[str] = mapped_column(sa.String(10))
    is_stocked: Mapped[bool]
    is_cancellable: Mapped[bool]
    reward_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Reward.id))
    pool_id: Mapped[int] = mapped_column(sa.ForeignKey("stock_pool.id"), unique=True)
    __table_args__ = (
        sa.UniqueConstraint("sale_id", "position"),
        sa.CheckConstraint("points_price > 0 AND cash_fen >= 0", name="costs_points"),
        sa.CheckConstraint("stock >= 0", name="stock_not_negative"),
        sa.CheckConstraint("allowance > 0", name="allows"),
        sa.CheckConstraint("min_tier_rank >= 0", name="rank_not_negative"),
        sa.CheckConstraint("fulfilment IN ('pickup', 'delivery')", name="reaches_the_member"),
        {"sqlite_autoincrement": True},
    )
