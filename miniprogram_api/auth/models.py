"""The table of members' sessions."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId


class MemberSession(Base):
    """One login of a member: the life of one access token, and whether it was ended before.

    Holds neither the token nor WeChat's session key; `device` is a coarse word, not a fingerprint.
    """

    __tablename__ = "member_session"
    __table_args__ = (
        sa.CheckConstraint("expires_at > issued_at", name="expires_after_issue"),
        sa.Index("ix_member_session_ended_at", "ended_at"),
        sa.Index("ix_member_session_expires_at", "expires_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    device: Mapped[str] = mapped_column(sa.String(16))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
