"""The tables of those who work in the shop."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.append_only import append_only
from miniprogram_api.core.db import Base, BigId, Json

from .roles import CODES

_ROLE_LIST = ", ".join(f"'{code}'" for code in CODES)


class Staff(Base):
    """Somebody who works in the shop. `username` is kept in small letters.

    `pin_hash` is of the digits that open a till's page that has locked itself; they sign nobody in.
    `store` ties a cashier to one shop of several; None: all of them. `failures` counts wrong sign-ins
    since the last right one. `otp_step` is the newest one-time code that was taken, so that none is
    taken twice.
    """

    __tablename__ = "staff"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    username: Mapped[str] = mapped_column(sa.String(32), unique=True)
    name: Mapped[str] = mapped_column(sa.String(32))
    role: Mapped[str] = mapped_column(sa.String(16))
    store: Mapped[str | None] = mapped_column(sa.String(32))
    password_hash: Mapped[str] = mapped_column(sa.String(255))
    pin_hash: Mapped[str | None] = mapped_column(sa.String(255))
    otp_sealed: Mapped[str | None] = mapped_column(sa.Text)
    otp_step: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint(f"role IN ({_ROLE_LIST})", name="known_role"),
        sa.CheckConstraint("failures >= 0", name="failures_not_negative"),
    )


class StaffSession(Base):
    """One sign-in; the token itself is not kept, only its hash.

    `is_at_till`: the till's page was opened in it, so it locks after some idle minutes.
    """

    __tablename__ = "staff_session"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey(Staff.id), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    device: Mapped[str] = mapped_column(sa.String(16))
    is_at_till: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (sa.Index("ix_staff_session_expires_at", "expires_at"),)


@append_only
class StaffAct(Base):
    """Who did what to what, when, from where and why; what it was before and is after."""

    __tablename__ = "staff_act"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    actor: Mapped[str] = mapped_column(sa.String(64))  # "staff:<username>", or the command line
    act: Mapped[str] = mapped_column(sa.String(48))
    subject: Mapped[str] = mapped_column(sa.String(96))
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    after: Mapped[dict[str, Any] | None] = mapped_column(Json)
    reason: Mapped[str | None] = mapped_column(sa.String(200))
    address: Mapped[str | None] = mapped_column(sa.String(64))
    at: Mapped[datetime]
    __table_args__ = (
        sa.Index("ix_staff_act_subject", "subject", "id"),
        sa.Index("ix_staff_act_actor", "actor", "id"),
        sa.Index("ix_staff_act_act", "act", "id"),
        sa.Index("ix_staff_act_at", "at"),
    )
