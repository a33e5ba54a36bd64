"""Rewards and their variants, and goods; how many there are of a reward is a stock pool's business."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId, Json


class Reward(Base):
    """Something that points can buy.

    It is taken from `available_from` until `available_until`, by members of `min_tier_rank` or
    above, at most `allowance` times by one member, all variants together. `is_stocked`: it waits at
    the counter, so a pick-up order is ready at once. Higher positions are shown first.
    """

    __tablename__ = "reward"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(64))
    summary: Mapped[str] = mapped_column(sa.String(128))
    description: Mapped[str] = mapped_column(sa.Text)
    pictures: Mapped[list[str]] = mapped_column(Json)
    points: Mapped[int]
    cash_fen: Mapped[int] = mapped_column(default=0)
    fulfilment: Mapped[str] = mapped_column(sa.String(10))  # "pickup" or "delivery"
    is_stocked: Mapped[bool]
    min_tier_rank: Mapped[int] = mapped_column(default=0)
    allowance: Mapped[int | None]
    available_from: Mapped[datetime | None]
    available_until: Mapped[datetime | None]
    is_cancellable: Mapped[bool]
    position: Mapped[int] = mapped_column(default=0)
    is_listed: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint("points > 0 AND cash_fen >= 0", name="costs_points"),
        sa.CheckConstraint("fulfilment IN ('pickup', 'delivery')", name="reaches_the_member"),
        sa.CheckConstraint("min_tier_rank >= 0", name="rank_not_negative"),
        sa.CheckConstraint("allowance > 0", name="allows"),
        sa.CheckConstraint("position >= 0", name="position_not_negative"),
        sa.CheckConstraint("available_until > available_from", name="opens_before_it_closes"),
        sa.Index("ix_reward_shelf", "position", "id",
                 postgresql_where=sa.text("is_listed"), sqlite_where=sa.text("is_listed")),
    )  # fmt: skip


class RewardVariant(Base):
    """One of the forms of a reward (a size, a colour), with units of its own.

    A reward without choices has one variant without a name. `points`: its price where it differs
    from the reward's.
    """

    __tablename__ = "reward_variant"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reward_id: Mapped[int] = mapped_column(sa.ForeignKey(Reward.id))
    name: Mapped[str] = mapped_column(sa.String(32))
    points: Mapped[int | None]
    pool_id: Mapped[int] = mapped_column(sa.ForeignKey("stock_pool.id"), unique=True)
    __table_args__ = (
        sa.UniqueConstraint("reward_id", "name"),
        sa.CheckConstraint("points > 0", name="costs_points"),
    )


class Product(Base):
    """Something that is sold for money; `category` is what earning rules tell apart.

    Its price is the server's: nobody who buys it names one. Higher positions are shown first.
    """

    __tablename__ = "product"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sku: Mapped[str] = mapped_column(sa.String(32), unique=True)
    title: Mapped[str] = mapped_column(sa.String(64))
    category: Mapped[str] = mapped_column(sa.String(32))
    price_fen: Mapped[int]
    picture: Mapped[str] = mapped_column(sa.String(512))
    position: Mapped[int] = mapped_column(default=0)
    is_listed: Mapped[bool] = mapped_column(default=True)
    changed_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint("price_fen > 0", name="costs_money"),
        sa.CheckConstraint("position >= 0", name="position_not_negative"),
        sa.Index("ix_product_shelf", "position", "id",
                 postgresql_where=sa.text("is_listed"), sqlite_where=sa.text("is_listed")),
    )  # fmt: skip


class StoredPicture(Base):
    """A picture that staff put in. `name` is the fingerprint of its content, and its format's ending."""

    __tablename__ = "stored_picture"
    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)
    added_at: Mapped[datetime]
