"""The tables of members."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId

LONGEST_TAIL = 32
# Ordered by code points everywhere, so that a range of tails is what begins alike.
_TAIL = sa.String(LONGEST_TAIL).with_variant(sa.String(LONGEST_TAIL, collation="C"), "postgresql")


class Member(Base):
    """A member of the shop. When the account is closed the row stays, without anything personal.

    The phone number is sealed for this row (`core.crypto`) and found by its keyed hash; one phone
    belongs to one open account. A keyed hash of its last four digits finds those who end alike.
    """

    __tablename__ = "member"
    __table_args__ = (
        sa.CheckConstraint(
            "(phone_sealed IS NULL) = (phone_index IS NULL)", name="phone_sealed_and_indexed"
        ),
        sa.CheckConstraint(
            "phone_last4_index IS NULL OR phone_index IS NOT NULL", name="last4_of_a_phone"
        ),
        sa.CheckConstraint(
            "closed_at IS NULL OR (nickname IS NULL AND birthday IS NULL AND phone_sealed IS NULL)",
            name="closed_is_erased",
        ),
        sa.Index("ix_member_joined_at", "joined_at"),
        sa.Index("ix_member_closed_at", "closed_at",
                 postgresql_where=sa.text("closed_at IS NOT NULL"),
                 sqlite_where=sa.text("closed_at IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_no: Mapped[str] = mapped_column(sa.String(16), unique=True)
    nickname: Mapped[str | None] = mapped_column(sa.String(32))
    nickname_checked: Mapped[bool] = mapped_column(default=False)
    birthday: Mapped[date | None]
    phone_sealed: Mapped[str | None] = mapped_column(sa.Text)
    phone_index: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    phone_last4_index: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    joined_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class NameTail(Base):
    """A nickname from one of its signs on, in small letters: who looks for what stands at the start
    of a tail finds it anywhere in the name.

    Kept by `names` wherever a nickname changes, gone with it. At most `LONGEST_TAIL` signs.
    """

    __tablename__ = "member_name_tail"
    __table_args__ = (sa.Index("ix_member_name_tail_tail_member_id", "tail", "member_id"),)

    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    tail: Mapped[str] = mapped_column(_TAIL, primary_key=True)


class MemberIdentity(Base):
    """How WeChat names a member to one of our programs.

    A person has one openid a program, and one unionid for all programs of one owner, which may
    become known later than the openid.
    """

    __tablename__ = "member_identity"
    __table_args__ = (
        sa.UniqueConstraint("appid", "openid"),
        sa.UniqueConstraint("unionid", "appid"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    appid: Mapped[str] = mapped_column(sa.String(32))
    openid: Mapped[str] = mapped_column(sa.String(128))
    unionid: Mapped[str | None] = mapped_column(sa.String(128))


class Consent(Base):
    """A member agreed to a version of a document, or withdrew. Rows are added, never changed."""

    __tablename__ = "consent"
    __table_args__ = (sa.Index("ix_consent_member_id_document", "member_id", "document"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    document: Mapped[str] = mapped_column(sa.String(32))
    version: Mapped[str] = mapped_column(sa.String(32))
    given: Mapped[bool]
    at: Mapped[datetime]
