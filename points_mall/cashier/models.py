"""The tables of the counter. What a sale moved is in `purchase`; here is where and by whom."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.append_only import append_only
from miniprogram_api.core.db import Base, BigId, Json

TENDERS = ("cash", "wechat", "alipay", "card", "other")
"""How the counter took what was left to pay; points and the wallet are told apart."""

_TENDER_LIST = ", ".join(f"'{tender}'" for tender in TENDERS)


class Till(Base):
    """A till, by the code that the store gave it. `public_key` is its device's: P-256, SPKI, base64.

    `unknown_codes` counts those scanned in a row since the last good one.
    """

    __tablename__ = "till"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(20), unique=True)
    name: Mapped[str] = mapped_column(sa.String(32))
    store: Mapped[str | None] = mapped_column(sa.String(32))
    public_key: Mapped[str | None] = mapped_column(sa.String(255))
    registered_by: Mapped[str] = mapped_column(sa.String(64))
    registered_at: Mapped[datetime]
    is_registered: Mapped[bool]
    """By a manager; others were opened by their first use."""
    revoked_at: Mapped[datetime | None]
    unknown_codes: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    __table_args__ = (sa.CheckConstraint("unknown_codes >= 0", name="unknown_codes"),)

    @property
    def has_key(self) -> bool:
        """Whether it has a device that signs."""
        return self.public_key is not None


@append_only
class UsedMemberCode(Base):
    """A member code was scanned; its keyed hash makes that happen once."""

    __tablename__ = "used_member_code"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    till_id: Mapped[int] = mapped_column(sa.ForeignKey(Till.id))
    used_at: Mapped[datetime]


class Scan(Base):
    """A member stands at a till, for ten minutes and one sale. Only a live code may spend."""

    __tablename__ = "scan"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    till_id: Mapped[int] = mapped_column(sa.ForeignKey(Till.id))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(8))  # code, number, phone
    spends: Mapped[bool]
    scanned_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("kind IN ('code', 'number', 'phone')", name="kind"),
        sa.CheckConstraint("spends = (kind = 'code')", name="only_codes_spend"),
        sa.Index("ix_scan_expires_at", "expires_at"),
    )


class PosQuote(Base):
    """A price as a cashier saw it: what was asked, and what it came to."""

    __tablename__ = "pos_quote"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    till_id: Mapped[int] = mapped_column(sa.ForeignKey(Till.id))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    scan_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Scan.id))
    asked: Mapped[dict[str, Any]]
    price: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime]
    __table_args__ = (sa.Index("ix_pos_quote_expires_at", "expires_at"),)


class Shift(Base):
    """A cashier's time at a till, from the first act to the close; `report` is what was printed."""

    __tablename__ = "shift"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    till_id: Mapped[int] = mapped_column(sa.ForeignKey(Till.id))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    report: Mapped[dict[str, Any] | None] = mapped_column(Json)
    __table_args__ = (
        sa.Index("uq_shift_open", "till_id", "staff_id", unique=True,
                 postgresql_where=sa.text("closed_at IS NULL"),
                 sqlite_where=sa.text("closed_at IS NULL")),
        sa.CheckConstraint("(closed_at IS NULL) = (report IS NULL)", name="closed_with_report"),
    )  # fmt: skip


class TillSale(Base):
    """A sale at a till: one for each receipt number. `answer` is what the till was told.

    `sold_on` is the shop's day; `claim_hash` finds it by the code on its receipt until `claim_until`.
    """

    __tablename__ = "till_sale"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    purchase_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase.id"), unique=True)
    sale_no: Mapped[str] = mapped_column(sa.String(32), unique=True)
    till_id: Mapped[int] = mapped_column(sa.ForeignKey(Till.id))
    receipt_no: Mapped[str] = mapped_column(sa.String(40))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    shift_id: Mapped[int] = mapped_column(sa.ForeignKey(Shift.id), index=True)
    store: Mapped[str | None] = mapped_column(sa.String(32))
    scan_id: Mapped[int | None] = mapped_column(sa.ForeignKey(Scan.id), unique=True)
    quote_id: Mapped[int | None]
    tender: Mapped[str] = mapped_column(sa.String(8))
    is_offline: Mapped[bool] = mapped_column(default=False)
    claim_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    claim_until: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))
    sold_at: Mapped[datetime]
    sold_on: Mapped[date]
    answer: Mapped[dict[str, Any]]
    __table_args__ = (
        sa.UniqueConstraint("till_id", "receipt_no"),
        sa.CheckConstraint(f"tender IN ({_TENDER_LIST})", name="tender"),
        sa.Index("ix_till_sale_member_id_id", "member_id", "id"),
        sa.Index("ix_till_sale_store_id", "store", "id"),
        sa.Index("ix_till_sale_staff_id_member_id_sold_on", "staff_id", "member_id", "sold_on"),
    )


class TillRefund(Base):
    """A refund at a till, and what it gave back and took.

    `lines` are the goods that came back, as it was told of them; None where only an amount did.
    """

    __tablename__ = "till_refund"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    refund_no: Mapped[str] = mapped_column(sa.String(32), unique=True)
    sale_id: Mapped[int] = mapped_column(sa.ForeignKey(TillSale.id), index=True)
    till_id: Mapped[int] = mapped_column(sa.ForeignKey(Till.id))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    shift_id: Mapped[int] = mapped_column(sa.ForeignKey(Shift.id), index=True)
    value_fen: Mapped[int]
    cash_fen: Mapped[int]
    wallet_fen: Mapped[int]
    points_taken_back: Mapped[int]
    points_returned: Mapped[int]
    lines: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    refunded_at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("value_fen >= 0", name="takes_nothing"),)


class TillPickup(Base):
    """A reward was handed over at a till, and perhaps taken back soon after."""

    __tablename__ = "till_pickup"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_no: Mapped[str] = mapped_column(sa.String(24), index=True)
    till_id: Mapped[int] = mapped_column(sa.ForeignKey(Till.id))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    shift_id: Mapped[int] = mapped_column(sa.ForeignKey(Shift.id), index=True)
    confirmed_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    __table_args__ = (
        sa.CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone_by_somebody"),
    )


class Approval(Base):
    """A manager let somebody do one thing once; `reference` is unguessable."""

    __tablename__ = "approval"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(sa.String(32), unique=True)
    act: Mapped[str] = mapped_column(sa.String(8))
    subject: Mapped[str] = mapped_column(sa.String(40))
    amount_fen: Mapped[int]
    asked_by: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    approved_by: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    approved_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("asked_by <> approved_by", name="not_oneself"),
        sa.CheckConstraint("act IN ('sale', 'refund')", name="act"),
    )


class OwnAccount(Base):
    """The member account of somebody who works here: they may not give it points."""

    __tablename__ = "staff_own_account"
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), primary_key=True)


class OfflineConflict(Base):
    """A sale made without the network that did not come through whole; a manager looks at it."""

    __tablename__ = "offline_conflict"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    till_id: Mapped[int] = mapped_column(sa.ForeignKey(Till.id))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    receipt_no: Mapped[str] = mapped_column(sa.String(40))
    reason: Mapped[str] = mapped_column(sa.String(32))
    sale_no: Mapped[str | None] = mapped_column(sa.String(32))
    told: Mapped[dict[str, Any]]
    told_hash: Mapped[str] = mapped_column(sa.String(64))
    received_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    __table_args__ = (sa.UniqueConstraint("till_id", "receipt_no", "told_hash"),)
