"""The tables of the merchant's pages."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId, Json


class Draft(Base):
    """What somebody prepares and nobody is shown yet: the fields of an editor as they were typed.

    `subject` is what it would change (`wheel:3`), or `new:<random>`. `revision` counts how often it was
    saved, so that of two who edit the same the later hears of the earlier. `base` names the version that
    it was begun from.
    """

    __tablename__ = "draft"
    __table_args__ = (
        sa.UniqueConstraint("kind", "subject"),
        sa.CheckConstraint("revision > 0", name="revision_positive"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    subject: Mapped[str] = mapped_column(sa.String(64))
    title: Mapped[str] = mapped_column(sa.String(80))
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    base: Mapped[str] = mapped_column(sa.String(32))
    revision: Mapped[int]
    edited_by: Mapped[str] = mapped_column(sa.String(64))
    edited_at: Mapped[datetime]


class MemberNote(Base):
    """What staff wrote down about a member. Rows are added, never changed; a closed account has none."""

    __tablename__ = "member_note"
    __table_args__ = (sa.Index("ix_member_note_member_id_id", "member_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    text: Mapped[str] = mapped_column(sa.String(500))
    written_by: Mapped[str] = mapped_column(sa.String(64))
    written_at: Mapped[datetime]
