"""Pools and their numbered units. The rows prove that nothing is sold twice, whatever Redis does."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId

_FREE = sa.text("holder IS NULL")
_HELD = sa.text("holder IS NOT NULL")


class StockPool(Base):
    """Something limited: when it may be taken, and how often by one member.

    `generation` names one load of Redis and is drawn anew for each; a Redis with another is stale.
    """

    __tablename__ = "stock_pool"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(64), unique=True)  # "flash_sale:7:3"
    generation: Mapped[int] = mapped_column(default=0)
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    allowance: Mapped[int | None]
    loaded_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("allowance > 0", name="allows"),
        sa.CheckConstraint("closes_at > opens_at", name="opens_before_it_closes"),
    )


class StockUnit(Base):
    """One unit. `nth` counts a member's units of the pool, where an allowance limits them."""

    __tablename__ = "stock_unit"
    pool_id: Mapped[int] = mapped_column(sa.ForeignKey(StockPool.id), primary_key=True)
    unit_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    holder: Mapped[str | None] = mapped_column(sa.String(40))  # the order that owns it
    member_id: Mapped[int | None]
    nth: Mapped[int | None]
    __table_args__ = (
        sa.UniqueConstraint("pool_id", "member_id", "nth"),
        sa.CheckConstraint("unit_no > 0", name="counts_from_one"),
        sa.CheckConstraint("(holder IS NULL) = (member_id IS NULL)", name="held_by_somebody"),
        sa.CheckConstraint("nth IS NULL OR member_id IS NOT NULL", name="nth_of_somebody"),
        sa.Index("ix_stock_unit_free", "pool_id", "unit_no",
                 postgresql_where=_FREE, sqlite_where=_FREE),
        sa.Index("ix_stock_unit_holder", "holder", postgresql_where=_HELD, sqlite_where=_HELD),
    )  # fmt: skip
