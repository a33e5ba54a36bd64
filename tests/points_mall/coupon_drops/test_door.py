"""The door answers the plain sold-out claim of a drop as the ordinary way would, and nothing else."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from points_mall.coupons.terms import Audience
from points_mall.stock import door, sold_out
from points_mall.tiers.services import set_tier
from tests.points_mall.coupon_drops.conftest import Held, Shopper, running, shoppers, template


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"CLAIM_BURST": 0, "SOLD_OUT_MEMORY_SECONDS": 0.5}


@pytest.fixture
def knocks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The route of each claim that the door answered."""
    answered: list[str] = []
    real = door._refuse

    def refuse(*args: Any) -> Any:
        answered.append(args[2])
        return real(*args)

    monkeypatch.setattr(door, "_refuse", refuse)
    return answered


@pytest.fixture
def gone(app: Flask, client: FlaskClient) -> tuple[Held, Shopper, Shopper]:
    """A drop whose only coupon is won, its winner, and somebody who comes too late."""
    template()
    drop = running(stock=1)
    winner, late = shoppers(client, 2)
    assert winner.claim(drop, "the-winners-key").status_code == 201
    assert late.claim(drop).status_code == 409
    assert sold_out.anything_is_known()
    return drop, winner, late


def told(answer: TestResponse) -> tuple[int, dict[str, Any], dict[str, str]]:
    """What an answer says, without what differs from request to request."""
    body = {name: value for name, value in answer.get_json().items() if name != "request_id"}
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
    headers.pop("Content-Length")
    return answer.status_code, body, headers


@pytest.mark.parametrize("request_body", [{}, {"json": {}}])
@pytest.mark.parametrize("language", ["zh-CN", "en-GB,en;q=0.9"])
def test_it_says_what_the_ordinary_way_says(
    app: Flask,
    gone: tuple[Held, Shopper, Shopper],
    knocks: list[str],
    language: str,
    request_body: dict[str, Any],
) -> None:
    drop, _, late = gone
    headers = {"Accept-Language": language}
    by_the_door = late.claim(drop, headers=headers, **request_body)
    assert knocks == ["/api/v1/coupon-drops/<id:drop_id>/claims"]
    sold_out.forget_all()
    ordinary = late.claim(drop, headers=headers, **request_body)
    assert len(knocks) == 1
    assert told(by_the_door) == told(ordinary)


def test_the_winners_repeat_goes_through_and_hears_its_first_answer(
    app: Flask, gone: tuple[Held, Shopper, Shopper], knocks: list[str]
) -> None:
    drop, winner, _ = gone
    again = winner.claim(drop, "the-winners-key")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert knocks == []


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"headers": {"Authorization": "Bearer forged"}}, 401),
        ({"headers": {"Idempotency-Key": "short"}}, 400),
        ({"data": b"{", "content_type": "application/json"}, 400),
        ({"data": b"{}", "content_type": "text/plain"}, 415),
        ({"json": {"quantity": 100}}, 409),
    ],
)
def test_whatever_is_doubtful_takes_the_ordinary_way(
    app: Flask,
    gone: tuple[Held, Shopper, Shopper],
    knocks: list[str],
    changed: dict[str, Any],
    status: int,
) -> None:
    drop, _, late = gone
    assert late.claim(drop, **changed).status_code == status
    assert knocks == []


def test_a_drop_for_some_members_takes_the_ordinary_way(
    app: Flask, client: FlaskClient, knocks: list[str]
) -> None:
    template("gold", audience=Audience(min_tier_rank=1))
    drop = running("gold", stock=1)
    winner, late, regular = shoppers(client, 3)
    for one in (winner, late):
        set_tier(one.member_id, "gold")
    answers = [winner.claim(drop), late.claim(drop), late.claim(drop), regular.claim(drop)]
    assert [answer.get_json().get("code") for answer in answers[1:]] == [
        "sold_out",
        "sold_out",
        "coupon_not_for_you",
    ]
    assert knocks == []
