"""The outbox: one row per piece of work, and one per schedule."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.db import Base, BigId


class JobState(StrEnum):
    """Where a job is on its way. `done` and `buried` are its ends; a person may dig up a buried one."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    BURIED = "buried"


class Job(Base):
    """A piece of work that must happen after a fact, written in the transaction of that fact."""

    __tablename__ = "job"
    __table_args__ = (
        sa.UniqueConstraint("name", "key"),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'buried')", name="known_state"),
        sa.CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        # What is over is never swept: `sweep_at` is the one mark of work that is still open.
        sa.CheckConstraint(
            "(sweep_at IS NULL) = (state IN ('done', 'buried'))", name="open_is_swept"
        ),
        sa.Index("ix_job_state_due_at", "state", "due_at"),
        sa.Index(
            "ix_job_sweep_at",
            "sweep_at",
            sqlite_where=sa.text("sweep_at IS NOT NULL"),
            postgresql_where=sa.text("sweep_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    key: Mapped[str | None] = mapped_column(sa.String(255))
    """Chosen by the cause; a second job of the same name and key is not written."""
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(sa.String(10), default=JobState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    """Attempts begun, counted before each: one that ends in a crash counts."""
    last_error: Mapped[str | None] = mapped_column(sa.String(500))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    sweep_at: Mapped[datetime | None]
    """When the sweep looks: queued, it is handed over (again); running, its lease has ended."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ScheduleMark(Base):
    """Up to when a schedule's jobs are written; what came due later while we slept is caught up."""

    __tablename__ = "job_schedule"

    name: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    due_at: Mapped[datetime]
