"""Plans and their drops; how many coupons a drop has, and who won which, is the stock's business."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId
from points_mall.coupons.models import CouponTemplate
from points_mall.stock.models import StockPool


class CouponDropPlan(Base):
    """Coupons of a template that can be claimed again and again, so many at each opening.

    `schedule` says when, see `schedule.Schedule`; it stays as it was published.
    """

    __tablename__ = "coupon_drop_plan"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    template_id: Mapped[int] = mapped_column(sa.ForeignKey(CouponTemplate.id))
    title_zh: Mapped[str] = mapped_column(sa.String(64))
    title_en: Mapped[str] = mapped_column(sa.String(64))
    schedule: Mapped[dict[str, Any]]
    lasts_minutes: Mapped[int]
    stock: Mapped[int]
    allowance: Mapped[int]
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(sa.String(64))
    __table_args__ = (
        sa.CheckConstraint("lasts_minutes > 0", name="lasts"),
        sa.CheckConstraint("stock > 0", name="has_stock"),
        sa.CheckConstraint("allowance > 0", name="allows"),
    )


class CouponDrop(Base):
    """One opening of a plan. `called_off_at`: the plan was closed before this opened."""

    __tablename__ = "coupon_drop"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plan_id: Mapped[int] = mapped_column(sa.ForeignKey(CouponDropPlan.id))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    called_off_at: Mapped[datetime | None]
    pool_id: Mapped[int] = mapped_column(sa.ForeignKey(StockPool.id), unique=True)
    __table_args__ = (
        sa.UniqueConstraint("plan_id", "opens_at"),
        sa.CheckConstraint("closes_at > opens_at", name="lasts"),
        sa.Index("ix_coupon_drop_closes_at", "closes_at"),
    )
