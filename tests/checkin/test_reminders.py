"""Who asked is reminded once, at their time, if they have not come; and leaves without a trace."""

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from rich.progress import Progress

from checkin import demo, reminders, services
from checkin.models import CheckIn, CheckInReminder
from checkin.personal import export_check_ins
from checkin.streaks import DAY
from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.demo.seeds import Seeding
from miniprogram_api.jobs.models import Job
from miniprogram_api.members.services import close_account
from miniprogram_api.messaging.models import MessageOptIn
from points_mall.ledger import audit
from tests.builders import shanghai

from .conftest import at, enrol, in_force, terms

EIGHT_PM = 20 * 60


@pytest.fixture
def shop(app: Flask) -> Flask:
    at(shanghai("2026-11-21 09:00"))
    return app


def asking(count: int, at_minute: int = EIGHT_PM) -> Sequence[int]:
    """Members who accepted the message and want it at this minute."""
    members = enrol(count)
    with transaction() as session:
        session.add_all(
            MessageOptIn(member_id=member, template_id=reminders.REMINDER.name, quota=5)
            for member in members
        )
    for member in members:
        reminders.remind_at(member, at_minute)
    return members


def sent() -> list[dict[str, Any]]:
    db.session.rollback()
    jobs = db.session.scalars(sa.select(Job).filter_by(name="message.send").order_by(Job.id))
    return [job.payload for job in jobs]


def test_the_reminder_comes_at_its_time_once_a_day(shop: Flask) -> None:
    (member,) = asking(1)
    at(shanghai("2026-11-21 19:59"))
    assert reminders.remind_all() == 0
    at(shanghai("2026-11-21 20:00"))
    assert (reminders.remind_all(), reminders.remind_all()) == (1, 0)
    at(shanghai("2026-11-22 20:03"))
    assert reminders.remind_all() == 1
    assert [one["reference"] for one in sent()] == ["checkin:2026-11-21", "checkin:2026-11-22"]
    assert {one["member_id"] for one in sent()} == {member}


def test_it_tells_the_streak_that_is_at_stake(shop: Flask) -> None:
    (member,) = asking(1)
    in_force(terms())
    services.check_in(member)
    clock.advance(DAY)
    services.check_in(member)
    at(shanghai("2026-11-23 20:00"))
    reminders.remind_all()
    assert [one["fields"]["streak_days"] for one in sent()] == [2]


def test_who_was_here_today_is_left_in_peace(shop: Flask) -> None:
    here, absent = asking(2)
    services.check_in(here)
    at(shanghai("2026-11-21 20:10"))
    assert reminders.remind_all() == 1
    assert [one["member_id"] for one in sent()] == [absent]


def test_a_time_that_has_passed_today_begins_tomorrow(shop: Flask) -> None:
    asking(1, at_minute=8 * 60)
    assert reminders.remind_all() == 0
    at(shanghai("2026-11-22 08:00"))
    assert reminders.remind_all() == 1


def test_many_are_reminded_in_batches(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "BATCH", 3)
    asking(7)
    at(shanghai("2026-11-21 20:00"))
    assert reminders.remind_all() == 7
    assert len(sent()) == 7


def test_a_closed_account_is_not_reminded(shop: Flask) -> None:
    leaving, staying = asking(2)
    close_account(leaving)
    db.session.rollback()
    assert list(db.session.scalars(sa.select(CheckInReminder.member_id))) == [staying]


# ------------------------------------------------------------------ personal data, demo data


def test_a_member_takes_days_and_cards_along(shop: Flask) -> None:
    (member,) = enrol()
    services.check_in(member)
    services.make_up(member, clock.now().date() - DAY)
    exported = export_check_ins(member)
    assert [(day["date"], day["made_up"], day["points"]) for day in exported["days"]] == [
        ("2026-11-20", True, 5),
        ("2026-11-21", False, 5),
    ]
    assert [card["used_on"] for card in exported["make_up_cards"]] == ["2026-11-20"]
    assert exported["reminder_minute"] is None


def test_demo_shoppers_have_a_past_and_are_made_once(shop: Flask) -> None:
    def counts() -> tuple[int, int]:
        db.session.rollback()
        members = sa.func.count(sa.distinct(CheckIn.member_id))
        return db.session.execute(sa.select(sa.func.count(), members).select_from(CheckIn)).one()

    with Progress(disable=True) as progress:
        demo.seed(Seeding(progress, "", []))
        first = counts()
        demo.seed(Seeding(progress, "", []))
    assert counts() == first
    assert first[1] == demo.SHOPPERS
    assert list(audit.findings(db.session())) == []
