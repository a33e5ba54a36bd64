"""Reminding those who asked: at their minute of the shop's day, once a day, if not yet checked in."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk, clock
from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.messaging.kinds import MessageKind
from miniprogram_api.messaging.services import Notice, notify_many

from . import rule_book, standings
from .models import CheckIn, CheckInReminder
from .streaks import current_streak

BATCH = 500
REMINDER = MessageKind(
    name="checkin_reminder",
    title_zh="签到提醒",
    title_en="Check-in reminder",
    wording_zh="今天还没有签到，已连续签到 {streak_days} 天，{tip}",
    wording_en="Not checked in yet today; {streak_days} days in a row so far",
    keywords={"streak_days": "number1", "day": "date2", "tip": "thing3"},
    page="pages/checkin/index",
)
TIP = "打开小程序即可签到"

reminders = cast(sa.Table, CheckInReminder.__table__)
_MINUTE = timedelta(minutes=1)
_DUE = (
    sa.select(reminders.c.member_id)
    .where(
        reminders.c.at_minute <= sa.bindparam("minute", type_=sa.Integer),
        sa.or_(
            reminders.c.reminded_on.is_(None),
            reminders.c.reminded_on < sa.bindparam("today", type_=sa.Date),
        ),
    )
    .order_by(reminders.c.member_id)
    .limit(sa.bindparam("batch", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
_HERE_TODAY = sa.select(CheckIn.member_id).where(
    among(CheckIn.__table__.c.member_id, "members"),
    CheckIn.day == sa.bindparam("today", type_=sa.Date),
)


def reminder_of(member_id: int) -> int | None:
    """The minute of the day at which the member wants to be reminded; None: not at all."""
    return db.session.scalar(sa.select(CheckInReminder.at_minute).filter_by(member_id=member_id))


@retrying
def remind_at(member_id: int, at_minute: int) -> None:
    """Remind the member at this minute of the shop's day, from the next such minute on."""
    moment = clock.now()
    day = clock.to_day(moment)
    # Today's minute has passed: the first reminder is tomorrow's.
    reminded_on = day if _minute_of(day) > at_minute else None
    row = {
        "member_id": member_id,
        "at_minute": at_minute,
        "asked_at": moment,
        "reminded_on": reminded_on,
    }
    with transaction() as session:
        if not bulk.insert_missing(session, reminders, [row]):
            bulk.update(session, reminders, [row], key=("member_id",))


def do_not_remind(member_id: int, **_facts: object) -> None:
    """Forget the member's wish; also when the account is closed."""
    with transaction() as session:
        session.execute(
            sa.delete(CheckInReminder)
            .where(CheckInReminder.member_id == member_id)
            .execution_options(synchronize_session=False)
        )


def remind_all() -> int:
    """Remind everybody whose minute has come, in batches; answer how many were reminded."""
    total = 0
    while True:
        looked_at, told = _remind_batch()
        total += told
        if looked_at < BATCH:
            return total


@retrying
def _remind_batch() -> tuple[int, int]:
    with transaction() as session:
        today = clock.today()
        wanted = {"minute": _minute_of(today), "today": today, "batch": BATCH}
        due = list(session.scalars(_DUE, wanted))
        if not due:
            return 0, 0
        parameters = {"members": due, "today": today}
        here = set(session.scalars(_HERE_TODAY, parameters))
        absent = [member_id for member_id in due if member_id not in here]
        told = notify_many(REMINDER.name, _notices(session, absent, today)) if absent else 0
        marks = [{"member_id": member_id, "reminded_on": today} for member_id in due]
        bulk.update(session, reminders, marks, key=("member_id",))
        return len(due), told


def _notices(session: Session, member_ids: Sequence[int], today: date) -> list[Notice]:
    cycle = rule_book.in_force(session, today).terms.cycle
    found = standings.figures(session, member_ids, today)
    return [
        Notice(member_id, _fields(cycle_streak, today), f"checkin:{today}")
        for member_id in member_ids
        for cycle_streak in [
            current_streak(cycle, today, found[member_id].standing.before, checked_in=False)
        ]
    ]


def _fields(streak_days: int, today: date) -> dict[str, Any]:
    return {"streak_days": streak_days, "day": today.isoformat(), "tip": TIP}


def _minute_of(day: date) -> int:
    """The minute of the shop's day, now; a day with a clock change is counted by the wall clock."""
    local = clock.now().astimezone(clock.shop_zone())
    return local.hour * 60 + local.minute if local.date() == day else 0
