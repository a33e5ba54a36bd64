"""The public list: running, coming, over; countdowns and what is left."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db
from miniprogram_api.core.redis import redis_client
from points_mall.flash_sale import services
from points_mall.flash_sale.terms import ItemTerms
from tests.builders import shanghai
from tests.points_mall.flash_sale.conftest import HOUR, look_again, published, shopper
from tests.services.valkey import free_port


def listed(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/v1/flash-sales")
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_the_list_is_as_promised(app: Flask, client: FlaskClient) -> None:
    clock.set(shanghai("2026-11-21 10:00:30"))
    mug = ItemTerms("保温杯", 100, 3, allowance=2)
    poster = ItemTerms("海报", 50, 5, cash_fen=100, allowance=None, min_tier_rank=1)
    sale = published(mug, poster, starts_at=shanghai("2026-11-21 10:00"))
    assert listed(client) == {
        "items": [
            {
                "id": str(sale.id),
                "campaign": "周末秒杀",
                "title": "周末秒杀",
                "starts_at": "2026-11-21T10:00:00+08:00",
                "ends_at": "2026-11-21T11:00:00+08:00",
                "state": "running",
                "items": [
                    {
                        "id": str(sale.items[0]),
                        "title": "保温杯",
                        "points_price": 100,
                        "cash_fen": 0,
                        "shipping_fen": 0,
                        "stock": 3,
                        "remaining": 3,
                        "allowance": 2,
                        "min_tier": None,
                        "fulfilment": "pickup",
                        "reward_id": None,
                    },
                    {
                        "id": str(sale.items[1]),
                        "title": "海报",
                        "points_price": 50,
                        "cash_fen": 100,
                        "shipping_fen": 0,
                        "stock": 5,
                        "remaining": 5,
                        "allowance": None,
                        "min_tier": {"code": "gold", "name": "高级会员"},
                        "fulfilment": "pickup",
                        "reward_id": None,
                    },
                ],
            }
        ],
        "next_cursor": None,
        "server_time": "2026-11-21T10:00:30+08:00",
    }
    in_english = client.get("/api/v1/flash-sales", headers={"Accept-Language": "en"}).get_json()
    assert in_english["items"][0]["items"][1]["min_tier"]["name"] == "Senior"


def test_running_comes_first_then_what_is_to_come_then_what_is_over(
    app: Flask, client: FlaskClient
) -> None:
    over = published(starts_at=now() - 3 * HOUR)
    later = published(starts_at=now() + 5 * HOUR)
    soon = published(starts_at=now() + HOUR)
    running = published()
    published(starts_at=now() - timedelta(days=3))
    published(starts_at=now() + timedelta(days=8))

    found = [(item["id"], item["state"]) for item in listed(client)["items"]]

    assert found == [
        (str(running.id), "running"),
        (str(soon.id), "upcoming"),
        (str(later.id), "upcoming"),
        (str(over.id), "ended"),
    ]


def test_states_are_of_this_moment_though_the_list_is_kept(app: Flask, client: FlaskClient) -> None:
    clock.set(shanghai("2026-11-21 09:59:59"))
    published(starts_at=shanghai("2026-11-21 10:00"))
    assert listed(client)["items"][0]["state"] == "upcoming"
    clock.advance(timedelta(seconds=1))
    assert listed(client)["items"][0]["state"] == "running"
    clock.advance(HOUR)
    assert listed(client)["items"][0]["state"] == "ended"


def test_what_is_left_follows_the_claims(app: Flask, client: FlaskClient) -> None:
    sale = published()
    assert listed(client)["items"][0]["items"][0]["remaining"] == 3
    shopper(client).claim(sale)
    look_again()
    assert listed(client)["items"][0]["items"][0]["remaining"] == 2
    redis_client().flushall()
    look_again()
    assert listed(client)["items"][0]["items"][0]["remaining"] == 2


def test_a_crowd_of_readers_asks_the_database_once_a_second(
    app: Flask, client: FlaskClient
) -> None:
    published()
    listed(client)
    statements = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for _ in range(20):
        listed(client)
    assert statements == []


def test_one_sale_by_itself(app: Flask, client: FlaskClient) -> None:
    sale = published(starts_at=now() - timedelta(days=30))
    answer = client.get(f"/api/v1/flash-sales/{sale.id}").get_json()
    assert (answer["id"], answer["state"]) == (str(sale.id), "ended")
    assert answer["server_time"].endswith("+08:00")
    assert answer["items"][0]["remaining"] == 3
    missing = client.get("/api/v1/flash-sales/999")
    assert (missing.status_code, missing.get_json()["code"]) == (404, "no_such_flash_sale")


def test_a_closed_sale_shows_when_it_was_closed(app: Flask, client: FlaskClient) -> None:
    clock.set(shanghai("2026-11-21 10:20"))
    sale = published(starts_at=shanghai("2026-11-21 10:00"))
    services.close(sale.id)
    look_again()
    [shown] = listed(client)["items"]
    assert (shown["state"], shown["ends_at"]) == ("ended", "2026-11-21T10:20:00+08:00")


class TestWithoutRedis:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"REDIS_URL": f"redis://127.0.0.1:{free_port()}", "CLAIM_BURST": 0}

    def test_the_database_says_what_is_left_and_claims_go_on(
        self, app: Flask, client: FlaskClient
    ) -> None:
        sale = published()
        assert listed(client)["items"][0]["items"][0]["remaining"] == 3
        answer = shopper(client).claim(sale)
        assert answer.status_code == 201, answer.text
        look_again()
        assert listed(client)["items"][0]["items"][0]["remaining"] == 2
