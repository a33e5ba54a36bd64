"""Check-in over HTTP: the shapes of api.md, repeats, refusals, and a crowd of requests."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from checkin.rule_book import publish
from miniprogram_api.auth.services import open_session
from miniprogram_api.core.db import transaction
from tests.builders import shanghai
from tests.together import all_at_once

from .conftest import (
    at,
    balance,
    days_of,
    enrol,
    give_cards,
    in_force,
    terms,
    was_there,
)

Headers = dict[str, str]
NOON = shanghai("2026-11-21 12:00")
PATH = "/api/v1/checkins"


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"MEMBER_POSTS_PER_SECOND": 0}  # the pace of one member is told elsewhere


@pytest.fixture
def member(app: Flask) -> int:
    at(NOON)
    return enrol()[0]


@pytest.fixture
def headers(member: int) -> Headers:
    return headers_of(member)


def headers_of(member: int) -> Headers:
    with transaction():
        token = open_session(member, "test").access_token
    return {"Authorization": f"Bearer {token}"}


def post(client: FlaskClient, headers: Headers, key: str, path: str = "", body: Any = None) -> Any:
    sent = {"headers": {**headers, "Idempotency-Key": key}}
    if body is not None:
        sent["json"] = body
    return client.post(PATH + path, **sent)


def calendar(client: FlaskClient, headers: Headers, month: str | None = None) -> Any:
    query = {"month": month} if month else {}
    answer = client.get(PATH, headers=headers, query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def test_checking_in_answers_what_it_brought(client: FlaskClient, headers: Headers) -> None:
    answer = post(client, headers, "first-key")
    assert (answer.status_code, answer.json) == (
        201,
        {
            "date": "2026-11-21",
            "streak_days": 1,
            "day_of_cycle": 1,
            "rewards": [
                {"kind": "points", "cause": "daily", "points": 5},
                {"kind": "make_up_card", "cause": "ever", "amount": 1},
            ],
            "points_awarded": 5,
            "points_available": 5,
        },
    )


def test_the_same_key_gives_the_same_answer_and_another_key_is_refused(
    client: FlaskClient, headers: Headers, member: int
) -> None:
    first = post(client, headers, "first-key")
    again = post(client, headers, "first-key")
    other = post(client, headers, "other-key")
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert (other.status_code, other.json["code"], other.json["date"]) == (
        409,
        "already_checked_in",
        "2026-11-21",
    )
    assert balance(member) == 5


def test_without_a_key_nothing_happens(client: FlaskClient, headers: Headers, member: int) -> None:
    answer: Any = client.post(PATH, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "idempotency_key_missing")
    assert days_of(member) == []


def test_without_a_token_nobody_checks_in(client: FlaskClient, member: int) -> None:
    assert post(client, {}, "some-key-1").status_code == 401
    assert days_of(member) == []


def test_a_make_up_costs_a_card_and_mends(client: FlaskClient, headers: Headers) -> None:
    post(client, headers, "first-key")
    answer = post(client, headers, "make-up-1", "/make-ups", {"date": "2026-11-20"})
    assert (answer.status_code, answer.json) == (
        201,
        {
            "date": "2026-11-20",
            "streak_days": 2,
            "day_of_cycle": 1,
            "rewards": [{"kind": "points", "cause": "daily", "points": 5}],
            "points_awarded": 5,
            "points_available": 10,
            "paid_with": "card",
            "points_spent": 0,
        },
    )
    again = post(client, headers, "make-up-1", "/make-ups", {"date": "2026-11-20"})
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"date": "2026-11-21"}, 422, "date_not_allowed"),
        ({"date": "2026-11-22"}, 422, "date_not_allowed"),
        ({"date": "2026-11-13"}, 422, "date_not_allowed"),
        ({"date": "0001-01-01"}, 422, "date_not_allowed"),
        ({"date": "2026-11-19"}, 409, "already_checked_in"),
        ({"date": "2026-11-20"}, 409, "insufficient_points"),
        ({"date": "2026-02-30"}, 422, "validation_failed"),
        ({"date": 20261120}, 422, "validation_failed"),
        ({"date": "2026-11-20", "free": True}, 422, "validation_failed"),
        ({}, 422, "validation_failed"),
    ],
)
def test_a_make_up_refused_moves_nothing(
    client: FlaskClient, headers: Headers, member: int, body: Any, status: int, code: str
) -> None:
    was_there(member, date(2026, 11, 19))
    answer = post(client, headers, "make-up-1", "/make-ups", body)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert (days_of(member), balance(member)) == ([date(2026, 11, 19)], 0)


# ------------------------------------------------------------------ the calendar


def test_a_month_shows_what_was_and_what_is_to_come(
    client: FlaskClient, headers: Headers, member: int
) -> None:
    in_force(
        terms(daily=(1, 2, 3), streaks={3: 10, 7: 50}, totals={("month", 4): 40, ("ever", 9): 90})
    )
    was_there(member, date(2026, 10, 31), date(2026, 11, 18), date(2026, 11, 20))
    give_cards(member, 2)
    post(client, headers, "first-key")

    month = calendar(client, headers)

    assert {name: month[name] for name in month if name not in {"days", "milestones"}} == {
        "month": "2026-11",
        "today": "2026-11-21",
        "checked_in_today": True,
        "streak_days": 2,
        "total_days": 4,
        "make_up": {
            "cards": 2,
            "points_cost": 20,
            "left_this_month": 3,
            "earliest": "2026-11-14",
        },
        "server_time": "2026-11-21T12:00:00+08:00",
    }
    days = {day["date"]: day for day in month["days"]}
    assert len(days) == 30
    assert days["2026-11-19"] == {
        "date": "2026-11-19",
        "checked_in": False,
        "made_up": False,
        "can_make_up": True,
        "reward_points": 0,
    }
    assert days["2026-11-13"]["can_make_up"] is False
    assert (days["2026-11-21"]["checked_in"], days["2026-11-21"]["reward_points"]) == (True, 2)
    coming = [days[f"2026-11-{day}"]["reward_points"] for day in range(22, 28)]
    assert coming == [3 + 10 + 40, 3, 3, 3, 3 + 50 + 90, 1]


def test_what_is_foreseen_is_what_comes(client: FlaskClient, headers: Headers, member: int) -> None:
    was_there(member, *(date(2026, 11, day) for day in (3, 4, 18, 20)))
    foreseen = {
        day["date"]: day["reward_points"]
        for month in ("2026-11", "2026-12", "2027-01")
        for day in calendar(client, headers, month)["days"]
    }
    assert foreseen["2027-01-23"] is None
    for number in range(60):
        day = date.fromordinal(date(2026, 11, 21).toordinal() + number)
        at(shanghai(f"{day} 12:00"))
        answer = post(client, headers_of(member), f"key-of-day-{number}")
        assert (day, answer.json["points_awarded"]) == (day, foreseen[str(day)])


def test_milestones_tell_how_far_they_are(
    client: FlaskClient, headers: Headers, member: int
) -> None:
    was_there(member, *(date(2026, 11, day) for day in (17, 18, 19, 20)))
    milestones = calendar(client, headers)["milestones"]
    told = [
        (one["kind"], one["days"], one["period"], one["reached"], one["days_left"])
        for one in milestones
    ]
    assert told == [
        ("streak", 3, None, True, 0),
        ("streak", 7, None, False, 3),
        ("total", 1, "ever", True, 0),
        ("total", 15, "month", False, 11),
        ("total", 25, "month", False, 21),
    ]
    assert milestones[4]["rewards"] == [
        {"kind": "points", "name": "积分", "points": 100},
        {"kind": "make_up_card", "name": "补签卡", "amount": 1},
    ]


def test_a_full_round_begins_anew_tomorrow(
    client: FlaskClient, headers: Headers, member: int
) -> None:
    was_there(member, *(date(2026, 11, day) for day in range(14, 21)))
    month = calendar(client, headers)
    assert month["streak_days"] == 7
    assert [one["days_left"] for one in month["milestones"][:2]] == [3, 7]


def test_a_rule_to_come_shows_in_the_days_to_come(client: FlaskClient, headers: Headers) -> None:
    from_monday = date(2026, 11, 23)
    in_force(terms(daily=(1,)))
    publish(terms(daily=(100,)), from_monday)
    coming = {day["date"]: day["reward_points"] for day in calendar(client, headers)["days"]}
    assert [coming[f"2026-11-{day}"] for day in (21, 22, 23, 30)] == [1, 1, 100, 100]


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "26-11", "2026-11-01", "", "x"])
def test_a_month_that_is_none_is_refused(client: FlaskClient, headers: Headers, month: str) -> None:
    answer: Any = client.get(PATH, headers=headers, query_string={"month": month})
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")


@pytest.mark.parametrize("month", ["1000-01", "2024-02", "2999-12"])
def test_any_month_of_the_calendar_can_be_seen(
    client: FlaskClient, headers: Headers, month: str
) -> None:
    assert calendar(client, headers, month)["month"] == month


# ------------------------------------------------------------------ the reminder


def test_a_reminder_is_asked_for_changed_and_dropped(client: FlaskClient, headers: Headers) -> None:
    path = f"{PATH}/reminder"
    assert client.get(path, headers=headers).status_code == 404
    assert client.put(path, headers=headers, json={"at": "20:00"}).json == {"at": "20:00"}
    assert client.put(path, headers=headers, json={"at": "07:05"}).json == {"at": "07:05"}
    assert client.get(path, headers=headers).json == {"at": "07:05"}
    assert client.delete(path, headers=headers).status_code == 204
    assert client.delete(path, headers=headers).status_code == 204
    assert client.get(path, headers=headers).status_code == 404


@pytest.mark.parametrize("wish", ["24:00", "8:00", "20:60", "20:00:00", 20, None])
def test_a_time_that_is_none_is_refused(client: FlaskClient, headers: Headers, wish: Any) -> None:
    answer: Any = client.put(f"{PATH}/reminder", headers=headers, json={"at": wish})
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")


# ------------------------------------------------------------------ crowds


def test_64_requests_of_one_member_check_in_once(app: Flask, headers: Headers, member: int) -> None:
    answers = all_at_once(app, [request(app, headers, f"key-{n:04}") for n in range(64)])
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(409)) == (1, 63)
    assert balance(member) == 5


def test_64_repeats_of_one_request_hear_one_answer(
    app: Flask, headers: Headers, member: int
) -> None:
    answers = all_at_once(app, [request(app, headers, "one-key-only")] * 64)
    told = {answer.status_code: answer.json.get("code") for answer in answers}
    assert told.items() <= {(201, None), (409, "request_in_progress")}
    bodies = [answer.json for answer in answers if answer.status_code == 201]
    assert bodies == [bodies[0]] * len(bodies)
    assert balance(member) == 5


def test_64_members_are_all_served(app: Flask) -> None:
    at(NOON)
    members = enrol(64)
    acts = [request(app, headers_of(member), "key-of-mine") for member in members]
    answers = all_at_once(app, acts)
    assert [answer.status_code for answer in answers] == [201] * 64
    assert [answer.json["points_available"] for answer in answers] == [5] * 64
    assert [balance(member) for member in members] == [5] * 64


def request(app: Flask, headers: Headers, key: str) -> Callable[[], Any]:
    return partial(post, app.test_client(), headers, key)
