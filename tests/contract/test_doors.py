"""On the routes with a door, a plain request hears there what the ordinary way would say.

Each is asked twice, once plainly, and once with a header more, which sends it the ordinary way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lottery import services as lottery
from lottery.terms import PrizeTerms, WheelTerms
from miniprogram_api.auth import door
from miniprogram_api.auth.services import end_all_sessions
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import transaction
from miniprogram_api.risk import limits
from miniprogram_api.risk.limits import Limit
from points_mall.flash_sale.terms import DELIVERY, ItemTerms
from points_mall.stock import sold_out
from tests.builders import bearer
from tests.points_mall.coupon_drops import conftest as drops
from tests.points_mall.flash_sale import conftest as sales
from tests.points_mall.flash_sale.conftest import member_with

NO_SUCH = 987_654_321


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {
        "CLAIM_BURST": 0,
        "MEMBER_POSTS_PER_SECOND": 0.01,
        "MEMBER_POSTS_BURST": 12,
        "SOLD_OUT_MEMORY_SECONDS": 0.5,
    }


@dataclass
class Route:
    """A route with a door: where it is, what is sent, and somebody who may have one there.

    :param refusal: what who has had one is told.
    :param elsewhere: the same route for something that there is not.
    """

    path: str
    body: dict[str, Any]
    refusal: str
    elsewhere: str
    headers: dict[str, str]
    client: FlaskClient

    def ask(self, key: str, path: str | None = None, **more: Any) -> TestResponse:
        """Plainly, unless told otherwise."""
        headers = {**self.headers, "Idempotency-Key": key, **more.pop("headers", {})}
        wanted = {"json": self.body} | more
        return self.client.post(path or self.path, headers=headers, **wanted)

    def both(self, keys: tuple[str, str], path: str | None = None, **more: Any) -> tuple[Any, Any]:
        """What is told at the door, and by the ordinary way."""
        headers = more.pop("headers", {})
        odd = {**headers, "Content-Encoding": "identity"}
        plain = self.ask(keys[0], path, headers=headers, **more)
        return plain, self.ask(keys[1], path, headers=odd, **more)


def _sale(client: FlaskClient) -> Route:
    held = sales.published(ItemTerms("保温杯", 100, 3, allowance=1))
    return Route(
        f"/api/v1/flash-sales/{held.id}/claims",
        {"item_id": str(held.items[0])},
        "allowance_used",
        f"/api/v1/flash-sales/{NO_SUCH}/claims",
        bearer(member_with(1000)),
        client,
    )


def _drop(client: FlaskClient) -> Route:
    drops.template()
    held = drops.running(stock=3)
    return Route(
        f"/api/v1/coupon-drops/{held.id}/claims",
        {},
        "allowance_used",
        f"/api/v1/coupon-drops/{NO_SUCH}/claims",
        bearer(member_with(1000)),
        client,
    )


def _wheel(client: FlaskClient) -> Route:
    prizes = (
        PrizeTerms("五积分", "points", 1, 5, code="five"),
        PrizeTerms("谢谢参与", "nothing", 0, code="nothing", is_consolation=True),
    )
    rules: dict[str, Any] = {"rules_zh": "规则", "rules_en": "rules"}
    begins = now() - timedelta(hours=1)
    wheel = lottery.create(
        WheelTerms("转盘", begins, prizes, points_cost=10, weight_total=1, **rules)
    )
    return Route(
        f"/api/v1/wheels/{wheel}/draws",
        {"nonce": "lucky-88"},
        "insufficient_points",
        f"/api/v1/wheels/{NO_SUCH}/draws",
        bearer(member_with(10)),
        client,
    )


def _checkin(client: FlaskClient) -> Route:
    headers = bearer(member_with(0))
    return Route("/api/v1/checkins", {}, "already_checked_in", "", headers, client)


ROUTES: dict[str, Callable[[FlaskClient], Route]] = {
    "flash sale": _sale,
    "coupon drop": _drop,
    "wheel": _wheel,
    "check-in": _checkin,
}

OF_SOMETHING = [name for name in ROUTES if name != "check-in"]


@pytest.fixture
def at_the_door(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The status of each answer that was given at a door."""
    given: list[int] = []
    real = door.Door._answer

    def answer(self: door.Door, *asked: Any) -> Any:
        told = real(self, *asked)
        given.extend([] if told is None else [told.status])
        return told

    monkeypatch.setattr(door.Door, "_answer", answer)
    return given


@pytest.fixture(params=ROUTES)
def route(request: pytest.FixtureRequest, app: Flask, client: FlaskClient) -> Iterator[Route]:
    yield ROUTES[request.param](client)
    sales.assert_books_are_clean(app)


def told(answer: TestResponse) -> tuple[int, dict[str, Any], dict[str, str]]:
    """What an answer says, without what differs from request to request."""
    body = {name: value for name, value in answer.get_json().items() if name != "request_id"}
    own = {"X-Request-Id", "Content-Length"}
    headers = {name: value for name, value in answer.headers.items() if name not in own}
    return answer.status_code, body, headers


LANGUAGES = [None, "zh-CN", "en-GB,en;q=0.9", "fr"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_succeeds_is_told_alike_and_its_repeat_both_ways(
    route: Route, at_the_door: list[int], language: str | None
) -> None:
    headers = {"Accept-Language": language} if language else {}
    first = route.ask("the-first-key", headers=headers)
    assert at_the_door == [201]
    by_the_door, ordinary = route.both(("the-first-key",) * 2, headers=headers)
    assert at_the_door == [201, 201]
    assert told(by_the_door) == told(ordinary)
    status, body, others = told(ordinary)
    assert (status, body) == (201, told(first)[1])
    assert others.pop("Idempotency-Replayed") == "true"
    assert others == told(first)[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_refused_is_told_alike(
    route: Route, at_the_door: list[int], language: str | None
) -> None:
    assert route.ask("the-first-key").status_code == 201
    headers = {"Accept-Language": language} if language else {}
    by_the_door, ordinary = route.both(("another-key", "a-third-key"), headers=headers)
    assert len(at_the_door) == 2
    assert told(by_the_door) == told(ordinary)
    assert by_the_door.get_json()["code"] == route.refusal
    assert by_the_door.get_json()["request_id"] == by_the_door.headers["X-Request-Id"]


@pytest.mark.parametrize("route", OF_SOMETHING, indirect=True)
def test_a_key_that_stands_for_another_wish_is_refused_alike(
    route: Route, at_the_door: list[int]
) -> None:
    assert route.ask("the-first-key").status_code == 201
    by_the_door, ordinary = route.both(("the-first-key",) * 2, route.elsewhere)
    assert told(by_the_door) == told(ordinary)
    assert by_the_door.status_code in {404, 422}


@pytest.mark.parametrize("route", OF_SOMETHING, indirect=True)
def test_what_there_is_not_is_told_alike(route: Route, at_the_door: list[int]) -> None:
    by_the_door, ordinary = route.both(("some-key-1", "some-key-2"), route.elsewhere)
    assert told(by_the_door) == told(ordinary)
    assert (by_the_door.status_code, at_the_door) == (404, [404])


def test_who_asks_too_fast_is_told_alike(
    app: Flask, client: FlaskClient, at_the_door: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits._LIMITS, "post", lambda _settings: Limit(1, seconds=100, burst=2))
    route = _checkin(client)
    assert [route.ask(f"key-number-{one}").status_code for one in range(2)] == [201, 409]
    by_the_door, ordinary = route.both(("one-too-many", "two-too-many"))
    assert told(by_the_door) == told(ordinary)
    assert (by_the_door.status_code, by_the_door.headers.get("Retry-After")) == (429, "100")
    assert at_the_door == [201, 409, 429]


@pytest.mark.parametrize("name", ["flash sale", "coupon drop"])
def test_what_a_process_knows_to_be_gone_is_told_alike_but_to_the_winner(
    app: Flask, client: FlaskClient, at_the_door: list[int], name: str
) -> None:
    route = ROUTES[name](client)
    winner = route.headers
    route.ask("the-winners-key")
    others = [bearer(member_with(1000, f"oOther-shopper-number-{one:04d}")) for one in range(4)]
    for number, route.headers in enumerate(others):
        route.ask(f"key-of-other-{number}")
    assert sold_out.anything_is_known()
    by_the_door, ordinary = route.both(("too-late-1", "too-late-2"))
    assert told(by_the_door) == told(ordinary)
    assert by_the_door.get_json()["code"] == "sold_out"
    again = route.ask("the-winners-key", headers=winner)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")


ODD: list[tuple[dict[str, Any], int]] = [
    ({"headers": {"Authorization": "Bearer forged"}}, 401),
    ({"headers": {"Authorization": ""}}, 401),
    ({"headers": {"Idempotency-Key": "short"}}, 400),
    ({"data": b"{", "content_type": "application/json", "json": None}, 400),
    ({"data": b"[]", "content_type": "application/json", "json": None}, 400),
    ({"data": b"{}", "content_type": "text/plain", "json": None}, 415),
    ({"data": b'{"a": "%s"}' % (b"x" * 200), "content_type": "application/json"}, 422),
]


@pytest.mark.parametrize(("changed", "status"), ODD)
def test_whatever_is_doubtful_takes_the_ordinary_way(
    app: Flask, client: FlaskClient, at_the_door: list[int], changed: dict[str, Any], status: int
) -> None:
    changed = dict(changed)
    if "data" in changed:
        changed["json"] = None
    assert _sale(client).ask("the-first-key", **changed).status_code == status
    assert at_the_door == []


@pytest.mark.parametrize(
    "body", [{}, {"item_id": 1}, {"item_id": "x"}, {"item_id": "1", "more": 1}, {"delivery": {}}]
)
def test_a_claim_in_another_form_is_judged_by_the_ordinary_way(
    app: Flask, client: FlaskClient, at_the_door: list[int], body: dict[str, Any]
) -> None:
    assert _sale(client).ask("the-first-key", json=body).status_code == 422
    assert at_the_door == []


def test_what_is_sent_by_post_takes_the_ordinary_way(
    app: Flask, client: FlaskClient, at_the_door: list[int]
) -> None:
    route = _sale(client)
    held = sales.published(ItemTerms("保温杯", 100, 3, fulfilment=DELIVERY))
    path = f"/api/v1/flash-sales/{held.id}/claims"
    answer = route.ask("the-first-key", path, json={"item_id": str(held.items[0])})
    assert answer.get_json()["code"] == "delivery_needed"
    assert at_the_door == []


def test_who_has_logged_out_is_not_answered_at_the_door(
    app: Flask, client: FlaskClient, at_the_door: list[int]
) -> None:
    route = _sale(client)
    route.headers = bearer(member := member_with(1000))
    with transaction():
        end_all_sessions(member)
    answer = route.ask("the-first-key")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "token_revoked")
    assert at_the_door == []


def test_what_goes_wrong_unforeseen_is_met_again_and_told_by_the_ordinary_way(
    app: Flask, client: FlaskClient, at_the_door: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    route, calls = _checkin(client), []

    def broken(*_asked: Any) -> None:
        calls.append(1)
        raise ConnectionError

    monkeypatch.setattr("checkin.door.check_in_together", broken)
    assert route.ask("the-first-key").status_code == 201
    assert (calls, at_the_door) == ([1], [])
