"""The public list: what is open, what opens next, the last of each plan; countdowns and what is left."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from points_mall.coupon_drops import plans
from tests.builders import shanghai
from tests.points_mall.coupon_drops.conftest import (
    drops_of,
    look_again,
    planned,
    running,
    shoppers,
    template,
)


@pytest.fixture(autouse=True)
def _shop(app: Flask) -> None:
    template()


def listed(client: FlaskClient, language: str = "zh-CN") -> dict[str, Any]:
    answer = client.get("/api/v1/coupon-drops", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def seen(client: FlaskClient) -> list[tuple[str, str]]:
    look_again()
    return [(one["state"], one["opens_at"][11:16]) for one in listed(client)["items"]]


def test_the_list_is_as_promised(app: Flask, client: FlaskClient) -> None:
    clock.set(shanghai("2026-11-21 09:59"))
    plan_id = planned(title_zh="整点抢券", title_en="On the hour")
    clock.set(shanghai("2026-11-21 10:01:30"))

    found = listed(client)

    first = drops_of(plan_id)[0]
    assert found["items"][0] == {
        "id": str(first.id),
        "plan_id": str(plan_id),
        "title": "整点抢券",
        "opens_at": "2026-11-21T10:00:00+08:00",
        "closes_at": "2026-11-21T10:04:00+08:00",
        "state": "running",
        "stock": 3,
        "remaining": 3,
        "allowance": 1,
        "coupon": {
            "template": "five",
            "title": "五元券",
            "summary": "抵5元",
            "terms": {
                "kind": "cash",
                "amount_fen": 500,
                "off_bp": 0,
                "most_fen": None,
                "threshold_fen": 0,
                "rules": {
                    "kind": "cash",
                    "amount_fen": 500,
                    "validity": {"span": "days", "days": 30},
                },
            },
        },
    }
    assert found["server_time"] == "2026-11-21T10:01:30+08:00"
    assert found["next_cursor"] is None
    assert len(found["items"]) == 6
    english = listed(client, "en-GB")["items"][0]
    assert (english["title"], english["coupon"]["summary"]) == ("On the hour", "Worth ¥5")


def test_what_is_open_comes_first_then_what_opens_then_the_last_that_is_over(
    app: Flask, client: FlaskClient
) -> None:
    clock.set(shanghai("2026-11-21 10:00"))
    planned()
    clock.set(shanghai("2026-11-21 10:11"))
    assert seen(client) == [
        ("running", "10:10"),
        ("upcoming", "10:15"),
        ("upcoming", "10:20"),
        ("upcoming", "10:25"),
        ("upcoming", "10:30"),
        ("ended", "10:05"),
    ]


def test_what_was_called_off_is_not_shown(app: Flask, client: FlaskClient) -> None:
    clock.set(shanghai("2026-11-21 10:00"))
    plan_id = planned()
    clock.set(shanghai("2026-11-21 10:06"))
    plans.close(plan_id)
    assert seen(client) == [("ended", "10:05")]
    clock.advance(timedelta(days=1))
    assert seen(client) == []


def test_states_are_of_this_moment_though_the_list_is_kept(app: Flask, client: FlaskClient) -> None:
    clock.set(shanghai("2026-11-21 09:58"))
    planned()
    clock.set(shanghai("2026-11-21 09:59:59"))
    assert listed(client)["items"][0]["state"] == "upcoming"
    clock.advance(timedelta(seconds=1))
    assert listed(client)["items"][0]["state"] == "running"


def test_what_is_left_follows_the_claims(app: Flask, client: FlaskClient) -> None:
    drop, [li] = running(), shoppers(client, 1)
    assert listed(client)["items"][0]["remaining"] == 3
    assert li.claim(drop).status_code == 201
    look_again()
    assert listed(client)["items"][0]["remaining"] == 2


def test_a_crowd_of_readers_asks_the_database_once_a_second(
    app: Flask, client: FlaskClient
) -> None:
    planned()
    listed(client)
    statements: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for _ in range(20):
        listed(client)
    assert statements == []
