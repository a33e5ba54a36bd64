"""The door answers the plain sold-out claim as the ordinary way would, and nothing else."""

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.auth.services import end_all_sessions
from miniprogram_api.core.db import transaction
from points_mall.flash_sale.terms import ItemTerms
from points_mall.stock import door, sold_out

from .conftest import Held, Shopper, published, shopper, shoppers

NOTHING: Mapping[str, str] = {}
ONE_MUG = ItemTerms("保温杯", 100, 1)


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"CLAIM_BURST": 0, "SOLD_OUT_MEMORY_SECONDS": 0.5}


@pytest.fixture
def knocks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One item for each claim that the door answered."""
    answered: list[int] = []
    real = door._refuse

    def refuse(*args: Any) -> Any:
        answered.append(1)
        return real(*args)

    monkeypatch.setattr(door, "_refuse", refuse)
    return answered


@pytest.fixture
def gone(app: Flask, client: FlaskClient) -> tuple[Held, Shopper, Shopper]:
    """A sale whose only unit is taken, its winner, and somebody who comes too late."""
    sale = published(ONE_MUG)
    winner, late = shoppers(client, 2)
    assert winner.claim(sale, key="the-winners-key").status_code == 201
    assert late.claim(sale).status_code == 409
    assert sold_out.anything_is_known()
    return sale, winner, late


def ask(
    late: Shopper, sale: Held, body: bytes | None = None, headers: Mapping[str, str] = NOTHING
) -> TestResponse:
    """A claim with headers, or a body, of its own."""
    late.tries += 1
    ours = {
        **late.headers,
        "Idempotency-Key": f"claim-{late.member_id}-{late.tries}",
        "Content-Type": "application/json",
    }
    return late.client.post(
        f"/api/v1/flash-sales/{sale.id}/claims",
        data=b'{"item_id": "%d"}' % sale.items[0] if body is None else body,
        headers={**ours, **headers},
    )


def told(answer: TestResponse) -> tuple[int, dict[str, Any], dict[str, str]]:
    """What an answer says, without what differs from request to request."""
    body = {name: value for name, value in answer.get_json().items() if name != "request_id"}
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
    headers.pop("Content-Length")
    return answer.status_code, body, headers


@pytest.mark.parametrize("language", [None, "zh-CN", "en-GB,en;q=0.9", "fr"])
def test_it_says_what_the_ordinary_way_says(
    app: Flask, gone: tuple[Held, Shopper, Shopper], knocks: list[int], language: str | None
) -> None:
    sale, _, late = gone
    headers = {"Accept-Language": language} if language else {}
    by_the_door = ask(late, sale, headers=headers)
    assert len(knocks) == 1
    sold_out.forget_all()
    ordinary = ask(late, sale, headers=headers)
    assert len(knocks) == 1
    assert told(by_the_door) == told(ordinary)
    assert by_the_door.get_json()["request_id"] == by_the_door.headers["X-Request-Id"]


def test_the_winners_repeat_goes_through_and_hears_its_first_answer(
    app: Flask, gone: tuple[Held, Shopper, Shopper], knocks: list[int]
) -> None:
    sale, winner, _ = gone
    again = winner.claim(sale, key="the-winners-key")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert knocks == []


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Authorization": "Bearer forged"}, 401),
        ({"Authorization": ""}, 401),
        ({"Idempotency-Key": "short"}, 400),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_whatever_is_doubtful_takes_the_ordinary_way(
    app: Flask,
    gone: tuple[Held, Shopper, Shopper],
    knocks: list[int],
    changed: dict[str, str],
    status: int,
) -> None:
    sale, _, late = gone
    assert ask(late, sale, headers=changed).status_code == status
    assert knocks == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"item_id": "1", "more": 1}', b'{"item_id": 1}', b'{"item_id": "9999"}'],
)
def test_an_odd_body_is_read_whole_by_the_ordinary_way(
    app: Flask, gone: tuple[Held, Shopper, Shopper], knocks: list[int], body: bytes
) -> None:
    sale, _, late = gone
    answer = ask(late, sale, body)
    assert answer.status_code in {400, 404, 422}
    assert knocks == []


def test_who_has_logged_out_is_not_answered_at_the_door(
    app: Flask, gone: tuple[Held, Shopper, Shopper], knocks: list[int]
) -> None:
    sale, _, late = gone
    with transaction():
        end_all_sessions(late.member_id)
    answer = ask(late, sale)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "token_revoked")
    assert knocks == []


def test_a_gated_item_takes_the_ordinary_way(
    app: Flask, client: FlaskClient, knocks: list[int]
) -> None:
    sale = published(ItemTerms("金卡专享", 100, 1, min_tier_rank=1))
    li = shopper(client)
    assert li.claim(sale).get_json()["code"] == "tier_too_low"
    assert knocks == []
