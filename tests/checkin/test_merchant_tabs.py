"""签到 on the member's page."""

from datetime import timedelta

from flask import Flask

from checkin import services
from checkin.merchant_tabs import check_ins
from miniprogram_api.core.clock import today
from tests.builders import shanghai
from tests.tables import texts, told_by

from .conftest import at, enrol, give_cards, in_force, terms, was_there


def test_days_in_a_row_and_the_days_themselves(app: Flask) -> None:
    at(shanghai("2026-11-21 09:00"))
    in_force(terms())
    (member,) = enrol()
    was_there(member, today() - timedelta(days=1), today() - timedelta(days=5))
    give_cards(member, 2)
    services.check_in(member)
    told = told_by(app, check_ins, member)
    assert told["facts"] == [
        ("连续签到", "2"),
        ("本月签到", "3"),
        ("累计签到", "3"),
        ("补签卡", "2"),
    ]
    assert [row[:2] for row in texts(told, "days")] == [
        ["2026-11-21", "签到"],
        ["2026-11-16", "签到"],
        ["2026-11-20", "签到"],
    ]
