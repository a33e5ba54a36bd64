"""Rights that members own because something was given to them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.append_only import append_only
from miniprogram_api.core.db import Base, BigId


@append_only
class OwnedRight(Base):
    """A member owns something that is no points and no thing: a coupon, by its title.

    Granted once for its cause; `number` counts those of one grant.
    """

    __tablename__ = "owned_right"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(sa.String(32))
    title: Mapped[str] = mapped_column(sa.String(64))
    reason: Mapped[str] = mapped_column(sa.String(32))
    reference: Mapped[str] = mapped_column(sa.String(160))
    number: Mapped[int]
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    __table_args__ = (
        sa.UniqueConstraint("member_id", "kind", "reason", "reference", "title", "number"),
        sa.Index("ix_owned_right_member_id_id", "member_id", "id"),
    )
