"""The table of answers kept for repeats."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId, Json


class IdempotencyRecord(Base):
    """The answer that a caller's key was given; written in the transaction of its effects."""

    __tablename__ = "idempotency_record"
    __table_args__ = (
        sa.UniqueConstraint("scope", "key"),
        sa.Index("ix_idempotency_record_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    scope: Mapped[str] = mapped_column(sa.String(64))
    key: Mapped[str] = mapped_column(sa.String(255))
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[int]
    body: Mapped[Any] = mapped_column(Json, nullable=True)
    created_at: Mapped[datetime]
