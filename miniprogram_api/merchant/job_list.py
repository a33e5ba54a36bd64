"""Jobs as the merchant's pages show them: found, told without personal data, and the calendar's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.jobs.models import Job, JobState, ScheduleMark
from miniprogram_api.jobs.rules import without_private
from miniprogram_api.jobs.schedule import schedules

from .listing import Asked

LATE = "late"
LATE_AFTER = timedelta(minutes=5)
_PLAIN = re.compile(r"[A-Za-z0-9:_.+-]{1,40}")


@dataclass(frozen=True)
class Timetable:
    """A schedule: when it is due, when it last was, and what became of that."""

    name: str
    rhythm: str
    last_at: datetime | None
    next_at: datetime | None
    last_job: Job | None


def jobs_asked(wanted: Asked) -> Sequence[Job]:
    """The jobs of a list, the newest first."""
    query = sa.select(Job)
    if state := wanted.filters.get("state"):
        query = query.where(*_of_state(state))
    if name := wanted.filters.get("name"):
        query = query.where(Job.name == name)
    if wanted.query:
        query = query.where(Job.id == _number(wanted.query))
    return db.session.scalars(wanted.latest(query, Job.id)).all()


def buried_by_name() -> Sequence[sa.Row[str, int]]:
    """How many jobs of each name are buried, the most first."""
    count = sa.func.count()
    query = sa.select(Job.name, count).where(Job.state == JobState.BURIED).group_by(Job.name)
    return db.session.execute(query.order_by(count.desc(), Job.name)).all()


def late_count() -> int:
    """How many jobs have been due for long, and nobody has run them."""
    query = sa.select(sa.func.count()).select_from(Job).where(*_of_state(LATE))
    return db.session.scalar(query) or 0


def shown_payload(payload: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """What a job is about: numbers, moments and codes; whatever might be about a person is left out."""
    found: list[tuple[str, str]] = []
    for name, value in payload.items():
        if isinstance(value, Mapping):
            found += shown_payload(value, f"{above}{name}.")
        else:
            found.append((f"{above}{name}", _shown(value)))
    return found


def timetables() -> list[Timetable]:
    """Every schedule, by the moment at which it is due next."""
    found: list[Any] = list(db.session.execute(sa.select(ScheduleMark.name, ScheduleMark.due_at)))
    marks = {row.name: row.due_at for row in found}
    last = _jobs_of(marks)
    moment = now()
    tables = [
        Timetable(
            name,
            str(schedule.every or schedule.cron),
            marks.get(name),
            schedule.next_after(moment),
            last.get(name),
        )
        for name, schedule in schedules().items()
    ]
    return sorted(tables, key=lambda one: (one.next_at or moment, one.name))


def _jobs_of(marks: Mapping[str, datetime]) -> dict[str, Job]:
    keys = [(name, due_at.astimezone(UTC).isoformat()) for name, due_at in marks.items()]
    query = sa.select(Job).where(sa.tuple_(Job.name, Job.key).in_(keys))
    return {job.name: job for job in db.session.scalars(query)}


def _of_state(state: str) -> tuple[sa.ColumnElement[bool], ...]:
    if state == LATE:
        return Job.state == JobState.QUEUED, Job.due_at < now() - LATE_AFTER
    return (Job.state == state,)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else -1


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value[:20]) + (" …" if len(value) > 20 else "")
    text = without_private(str(value))
    return text if _PLAIN.fullmatch(text) else "***"
