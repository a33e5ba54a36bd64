"""The table of the set-up."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base


class SetupLink(Base):
    """The one link by which a shop without staff is set up; a new one takes the place of the last.

    The token itself is not kept, only its SHA-256.
    """

    __tablename__ = "setup_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    __table_args__ = (sa.CheckConstraint("id = 1", name="only_one"),)
