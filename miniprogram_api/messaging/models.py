"""Who accepted how many messages, how we know, and what was sent."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId

# `member_id` is no foreign key here: members live on the floor above.


class MessageState(StrEnum):
    """How far a message is. Deferred ones are still to be sent; a failed one may be retried."""

    DEFERRED = "deferred"
    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"


class MessageOptIn(Base):
    """How many more messages of a template a member has accepted."""

    __tablename__ = "message_opt_in"
    __table_args__ = (
        sa.UniqueConstraint("member_id", "template_id"),
        sa.CheckConstraint("quota >= 0", name="quota_not_negative"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int]
    template_id: Mapped[str] = mapped_column(sa.String(64))
    quota: Mapped[int]


class MessageAnswer(Base):
    """One thing that WeChat or the member's program told about a subscription, heard once."""

    __tablename__ = "message_answer"
    __table_args__ = (
        sa.UniqueConstraint("source", "position"),
        sa.Index("ix_message_answer_member_id", "member_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source: Mapped[str] = mapped_column(sa.String(64))
    """A hash of what names the telling; the same for each repeat of it."""
    position: Mapped[int]
    member_id: Mapped[int]
    template_id: Mapped[str] = mapped_column(sa.String(64))
    answer: Mapped[str] = mapped_column(sa.String(80))
    at: Mapped[datetime]


class SentMessage(Base):
    """One notice to one member; the same kind and reference is not sent to a member twice."""

    __tablename__ = "sent_message"
    __table_args__ = (
        sa.UniqueConstraint("member_id", "kind", "reference"),
        sa.CheckConstraint(
            "state IN ('deferred', 'sent', 'refused', 'failed')", name="known_state"
        ),
        sa.Index("ix_sent_message_member_id_reserved_on", "member_id", "reserved_on"),
        sa.Index("ix_sent_message_wechat_message_id", "wechat_message_id"),
        sa.Index("ix_sent_message_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int]
    kind: Mapped[str] = mapped_column(sa.String(40))
    reference: Mapped[str] = mapped_column(sa.String(120))
    state: Mapped[str] = mapped_column(sa.String(10))
    reserved_on: Mapped[date | None]
    """The shop's day whose allowance it takes; set: one accepted message is kept for it."""
    errcode: Mapped[int | None]
    wechat_message_id: Mapped[str | None] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
