"""What is due by the calendar: APScheduler decides when, and the outbox says once.

A schedule's due moment is written as a job under the key of that moment, and its mark moves to it
in the same transaction; so any number of schedulers writes each moment once. Moments that passed
while no scheduler ran are caught up by one job, for the latest of them.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now, shop_zone
from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.errors import Unavailable
from miniprogram_api.core.log import log

from .models import ScheduleMark
from .outbox import enqueue
from .registry import Handler, job
from .rules import Patience, told

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
CATCH_UP_SECONDS = 60.0
_LOOK_BACK = (timedelta(hours=2), timedelta(days=2), timedelta(days=40), timedelta(days=800))

_log = log(__name__)


@dataclass(frozen=True)
class Schedule:
    """A job and when it is due: by the shop's wall clock, or every so often since the epoch."""

    name: str
    cron: str | None
    every: timedelta | None

    def next_after(self, moment: datetime) -> datetime | None:
        """When it is due next."""
        found: datetime | None = self.trigger().get_next_fire_time(None, moment)
        return found

    def trigger(self) -> Any:
        """The same for APScheduler."""
        if self.every is not None:
            # Counted from one epoch, so that all schedulers mean the same moments.
            return IntervalTrigger(seconds=_seconds(self.every), start_date=EPOCH, timezone=UTC)
        return CronTrigger.from_crontab(self.cron, timezone=shop_zone())


_schedules: dict[str, Schedule] = {}


def scheduled(
    name: str,
    *,
    cron: str | None = None,
    every: timedelta | None = None,
    patience: Patience | None = None,
) -> Callable[[Handler], Handler]:
    """Register a handler that is due by the calendar; its payload's `due_at` is the moment.

    :param cron: minute, hour, day, month, weekday by the shop's clock; weekdays by name (`mon`),
        because numbers mean other days here than in cron.
    :param every: whole seconds, instead of `cron`.
    """
    schedule = _checked(Schedule(name, cron, every))

    def register(handler: Handler) -> Handler:
        job(name, patience=patience)(handler)
        _schedules[name] = schedule
        return handler

    return register


def schedules() -> Mapping[str, Schedule]:
    """Every schedule by name."""
    return dict(_schedules)


@retrying
def write_due(name: str, due_at: datetime) -> bool:
    """Write the job of that moment, unless this moment or a later one is written already."""
    with transaction() as session:
        if not _move_mark(session, name, due_at):
            return False
        moment = due_at.astimezone(UTC).isoformat()
        return enqueue(name, {"due_at": moment}, key=moment)


def catch_up() -> int:
    """Write one job for each schedule whose latest moment was missed; answer how many.

    A schedule seen for the first time starts now: it has missed nothing.
    """
    moment = now()
    with transaction() as session:
        fresh = [{"name": name, "due_at": moment} for name in _schedules]
        bulk.insert_missing(session, ScheduleMark.__table__, fresh)
        marked = session.execute(sa.select(ScheduleMark.name, ScheduleMark.due_at))
        marks: dict[str, datetime] = dict(marked.all())
    missed = {
        name: due_at
        for name, schedule in _schedules.items()
        if (due_at := latest_due(schedule, marks[name], moment)) is not None
    }
    return sum(write_due(name, due_at) for name, due_at in missed.items())


def latest_due(schedule: Schedule, after: datetime, until: datetime) -> datetime | None:
    """The last moment of a schedule after `after` and not after `until`, if there is one."""
    if schedule.every is not None:
        last = EPOCH + (until - EPOCH) // schedule.every * schedule.every
        return last if last > after else None
    trigger = schedule.trigger()
    for window in _LOOK_BACK:
        # Backwards in growing steps: a schedule of every minute is not walked through for a year.
        start = max(after, until - window)
        if moments := _moments(trigger, start, until):
            return moments[-1]
        if start == after:
            break
    return None


def schedule_jobs(app: Flask, stopping: threading.Event) -> None:
    """Write due jobs until `stopping` is set."""
    with app.app_context():
        scheduler = _scheduler(app)
    _shielded(app, catch_up)
    scheduler.start()
    _log.info("scheduler_started", schedules=len(_schedules))
    while not stopping.wait(CATCH_UP_SECONDS):
        _shielded(app, catch_up)  # what could not be written while the database was away
    scheduler.shutdown(wait=True)
    _log.info("scheduler_stopped")


class OutboxExecutor(BaseExecutor):  # type: ignore[misc]  # APScheduler has no types
    """Writes what is due into the outbox, instead of running it here."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._app = app

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        _shielded(self._app, lambda: write_due(job.id, run_times[-1]))
        self._run_job_success(job.id, [])


def _scheduler(app: Flask) -> BackgroundScheduler:
    scheduler = BackgroundScheduler(
        executors={"default": OutboxExecutor(app)},
        job_defaults={"coalesce": True, "misfire_grace_time": None},
        timezone=UTC,
    )
    for name, schedule in _schedules.items():
        scheduler.add_job(_written_by_the_executor, schedule.trigger(), id=name)
    return scheduler


def _written_by_the_executor() -> None:
    """What APScheduler is given to call; `OutboxExecutor` never calls it."""


def _move_mark(session: Session, name: str, due_at: datetime) -> bool:
    table = ScheduleMark.__table__
    if bulk.insert_missing(session, table, [{"name": name, "due_at": due_at}]):
        return True
    moved = (
        sa.update(ScheduleMark)
        .where(ScheduleMark.name == name, ScheduleMark.due_at < due_at)
        .values(due_at=due_at)
        .execution_options(synchronize_session=False)
        .returning(ScheduleMark.name)
    )
    return session.execute(moved).one_or_none() is not None


def _moments(trigger: Any, after: datetime, until: datetime) -> list[datetime]:
    moments: list[datetime] = []
    asked_from = after + timedelta(microseconds=1)
    while (moment := trigger.get_next_fire_time(None, asked_from)) and moment <= until:
        moments.append(moment.astimezone(UTC))
        asked_from = moment + timedelta(microseconds=1)
    return moments


def _checked(schedule: Schedule) -> Schedule:
    if (schedule.cron is None) == (schedule.every is None):
        raise ValueError(f"{schedule.name}: give either cron or every")
    if schedule.every is not None and schedule.every != timedelta(seconds=_seconds(schedule.every)):
        raise ValueError(f"{schedule.name}: every must be whole seconds")
    if schedule.cron is not None:
        weekdays = schedule.cron.split()[-1]
        if any(sign.isdigit() for sign in weekdays.partition("/")[0]):
            raise ValueError(f"{schedule.name}: name the weekdays (mon, tue, …)")
        CronTrigger.from_crontab(schedule.cron, timezone=UTC)  # refuses what is no cron line
    return schedule


def _seconds(every: timedelta) -> int:
    return max(1, every // timedelta(seconds=1))


def _shielded(app: Flask, act: Callable[[], object]) -> None:
    """Act in a fresh context; what fails now is caught up at the next turn."""
    with app.app_context():
        try:
            act()
        except (sa.exc.SQLAlchemyError, Unavailable) as error:
            _log.warning("scheduler_database_away", error=told(error))
