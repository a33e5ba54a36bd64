"""Who lets the mall see purchases, and what WeChat is told of each purchase."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId

from .states import Authorization, SyncState


class CircleShopper(Base):
    """Whether somebody lets the mall see purchases, as WeChat said last.

    Kept by openid: the plugin authorises people before they are members.
    """

    __tablename__ = "circle_shopper"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    openid: Mapped[str] = mapped_column(sa.String(128), unique=True)
    state: Mapped[str] = mapped_column(sa.String(16), default=Authorization.UNAUTHORIZED)
    authorized_at: Mapped[datetime | None]
    deauthorized_at: Mapped[datetime | None]
    card_code: Mapped[str | None] = mapped_column(sa.String(64))
    """The member-card code that WeChat told with the authorisation."""
    told_at: Mapped[datetime]
    """When WeChat said so, by notice or when asked."""
    check_at: Mapped[datetime]
    """When WeChat is asked next: it tells of no withdrawal by itself."""
    __table_args__ = (sa.Index("ix_circle_shopper_check_at", "check_at"),)


class CircleSync(Base):
    """A purchase in the mall, and what WeChat is told that it earned: some points, or none.

    Written once; the points told are those of the first time, so that a repeat says the same.
    `member_id` is empty for who is no member yet, and `openid` once an account is closed.
    """

    __tablename__ = "circle_sync"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    transaction_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    openid: Mapped[str | None] = mapped_column(sa.String(128), index=True)
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"), index=True)
    amount_fen: Mapped[int]
    paid_at: Mapped[datetime]
    claimed: Mapped[bool]
    """Whether the shopper claimed the points by hand; else they came by themselves."""
    points: Mapped[int]
    remark: Mapped[str | None] = mapped_column(sa.String(128))
    """Why there are none, as the shopper reads it."""
    state: Mapped[str] = mapped_column(sa.String(16), default=SyncState.DUE)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    error: Mapped[str | None] = mapped_column(sa.String(255))
    created_at: Mapped[datetime]
    synced_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("points >= 0", name="points_not_negative"),
        sa.CheckConstraint("points > 0 OR remark IS NOT NULL", name="none_has_a_reason"),
        sa.Index("ix_circle_sync_due", "due_at",
                 postgresql_where=sa.text("state = 'due'"),
                 sqlite_where=sa.text("state = 'due'")),
        sa.Index("ix_circle_sync_parked", "paid_at",
                 postgresql_where=sa.text("member_id IS NULL"),
                 sqlite_where=sa.text("member_id IS NULL")),
    )  # fmt: skip
