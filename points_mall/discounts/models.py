"""The table of the shop's threshold offers: every version, written once."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.append_only import append_only
from miniprogram_api.core.db import Base, BigId, Json


@append_only
class ThresholdOfferVersion(Base):
    """A version of an offer, from a moment on; of an offer's versions that have begun the latest counts.

    `terms` is null where the offer was ended; `ends_at` null: until a later version.
    """

    __tablename__ = "threshold_offer_version"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(32))
    version: Mapped[int]
    terms: Mapped[dict[str, Any] | None] = mapped_column(Json)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    actor: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    __table_args__ = (
        sa.UniqueConstraint("code", "version"),
        sa.CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="ends_after_start"),
    )
