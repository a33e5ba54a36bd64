"""The tables of coupons. Rules are frozen onto each coupon; what happened to it is only added to."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.append_only import append_only
from miniprogram_api.core.db import Base, BigId, Json

from .states import State

_STATES = ", ".join(f"'{state.value}'" for state in State)


class CouponTemplate(Base):
    """A coupon that the shop gives; `version` is that of the terms in force."""

    __tablename__ = "coupon_template"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(32), unique=True)
    title_zh: Mapped[str] = mapped_column(sa.String(64))
    title_en: Mapped[str] = mapped_column(sa.String(64))
    is_listed: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]


@append_only
class CouponTemplateVersion(Base):
    """The terms of a template, as they were published."""

    __tablename__ = "coupon_template_version"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("coupon_template.id"))
    version: Mapped[int]
    terms: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    __table_args__ = (sa.UniqueConstraint("template_id", "version"),)


class Coupon(Base):
    """A coupon of a member, issued once for its cause; `number` counts those of one cause.

    `terms` is its own copy. `locked_for` and `used_for` name the bill (`purchase:…`), `took_fen` is
    what it took off, `restored_fen` how much of that came back as other coupons.
    """

    __tablename__ = "coupon"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(20), unique=True)
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("coupon_template.id"))
    version: Mapped[int]
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    title_zh: Mapped[str] = mapped_column(sa.String(64))
    title_en: Mapped[str] = mapped_column(sa.String(64))
    terms: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(sa.String(8))
    reason: Mapped[str] = mapped_column(sa.String(32))
    reference: Mapped[str] = mapped_column(sa.String(160))
    number: Mapped[int]
    issued_at: Mapped[datetime]
    issued_on: Mapped[date]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    changed_at: Mapped[datetime]
    locked_for: Mapped[str | None] = mapped_column(sa.String(160), index=True)
    used_for: Mapped[str | None] = mapped_column(sa.String(160), index=True)
    took_fen: Mapped[int | None]
    restored_fen: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        sa.UniqueConstraint("member_id", "reason", "reference", "template_id", "number"),
        sa.CheckConstraint(f"state IN ({_STATES})", name="state"),
        sa.CheckConstraint("(state = 'locked') = (locked_for IS NOT NULL)", name="locked_for"),
        sa.CheckConstraint("(state = 'used') = (used_for IS NOT NULL)", name="used_for"),
        sa.CheckConstraint("(state = 'used') = (took_fen IS NOT NULL)", name="took_fen"),
        sa.CheckConstraint(
            "restored_fen >= 0 AND restored_fen <= coalesce(took_fen, 0)", name="restored_fen"
        ),
        sa.CheckConstraint("valid_from <= valid_until", name="valid_from"),
        sa.Index(
            "ix_coupon_member_id_template_id_issued_on", "member_id", "template_id", "issued_on"
        ),
        sa.Index("ix_coupon_member_id_id", "member_id", "id"),
        sa.Index("ix_coupon_state_valid_until", "state", "valid_until"),
    )


@append_only
class CouponEvent(Base):
    """Something happened to a coupon, for a cause; its history, in order."""

    __tablename__ = "coupon_event"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    coupon_id: Mapped[int] = mapped_column(sa.ForeignKey("coupon.id"))
    happened: Mapped[str] = mapped_column(sa.String(16))
    reference: Mapped[str] = mapped_column(sa.String(160))
    facts: Mapped[dict[str, Any] | None] = mapped_column(Json)
    actor: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]
    __table_args__ = (sa.Index("ix_coupon_event_coupon_id_id", "coupon_id", "id"),)


class CouponOutsideCode(Base):
    """A code that was made elsewhere: members type it in for a coupon, or a coupon hands it out.

    `taken_by` is set once. For `redeem` the coupon is the one that it brought, for `hand_out` the one
    that carries it.
    """

    __tablename__ = "coupon_outside_code"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("coupon_template.id"))
    purpose: Mapped[str] = mapped_column(sa.String(8))
    code: Mapped[str] = mapped_column(sa.String(64), unique=True)
    batch: Mapped[str] = mapped_column(sa.String(64))
    imported_at: Mapped[datetime]
    taken_by: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))
    taken_at: Mapped[datetime | None]
    coupon_id: Mapped[int | None] = mapped_column(sa.ForeignKey("coupon.id"), unique=True)
    __table_args__ = (
        sa.CheckConstraint("purpose IN ('redeem', 'hand_out')", name="purpose"),
        sa.CheckConstraint("(taken_by IS NULL) = (taken_at IS NULL)", name="taken"),
        sa.Index("ix_coupon_outside_code_template_id_taken_by_id", "template_id", "taken_by", "id"),
    )


class CouponGift(Base):
    """A coupon offered to a friend under a link; the coupon is locked for it while it is open."""

    __tablename__ = "coupon_gift"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    coupon_id: Mapped[int] = mapped_column(sa.ForeignKey("coupon.id"), index=True)
    giver_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    state: Mapped[str] = mapped_column(sa.String(9))
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    claimed_by: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))
    claimed_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("state IN ('open', 'claimed', 'withdrawn', 'over')", name="state"),
        sa.CheckConstraint("(state = 'claimed') = (claimed_by IS NOT NULL)", name="claimed_by"),
        sa.Index("ix_coupon_gift_state_expires_at", "state", "expires_at"),
    )


@append_only
class OccasionRule(Base):
    """What every member gets on an occasion of their own; the newest version is in force."""

    __tablename__ = "occasion_rule"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    occasion: Mapped[str] = mapped_column(sa.String(16))
    version: Mapped[int]
    rewards: Mapped[Any] = mapped_column(Json)
    actor: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    __table_args__ = (sa.UniqueConstraint("occasion", "version"),)
