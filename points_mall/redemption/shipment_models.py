"""Files that say what was sent."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId, Json


class ShipmentImport(Base):
    """A file that told what was sent by whom: looked at first, then applied, line by line and once.

    `file_hash` makes the same file the same import. `content` holds its lines: order number, carrier,
    tracking number. `outcome` says of each line what became of it, once it was applied.
    """

    __tablename__ = "shipment_import"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    file_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    line_count: Mapped[int]
    content: Mapped[dict[str, Any]]
    uploaded_by: Mapped[str] = mapped_column(sa.String(64))
    uploaded_at: Mapped[datetime]
    applied_by: Mapped[str | None] = mapped_column(sa.String(64))
    applied_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(Json)
    __table_args__ = (
        sa.CheckConstraint("(applied_at IS NULL) = (outcome IS NULL)", name="applied_with_outcome"),
        sa.CheckConstraint(
            "(applied_at IS NULL) = (applied_by IS NULL)", name="applied_by_somebody"
        ),
    )
