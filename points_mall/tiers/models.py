"""Where members stand."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base


class MemberTier(Base):
    """The tier of a member; who has no row stands on the lowest step."""

    __tablename__ = "member_tier"
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(16))
    rank: Mapped[int]
    since: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("rank >= 0", name="rank_not_negative"),)
