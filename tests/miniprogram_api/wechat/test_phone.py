"""What the phone's page asks of the simulator: people by name, QR codes, pictures, a crowd."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from flask import Flask, Response, jsonify, request

from miniprogram_api.wechat.simulator.__main__ import people_of
from miniprogram_api.wechat.simulator.crowd import MOST_PEOPLE
from miniprogram_api.wechat.simulator.server import listen

from .conftest import Simulator

STATIC = Path("miniprogram_api/wechat/simulator/static")
STOCK = 7


class TinyMall(SimpleNamespace):
    """A mall of a few lines: it lets in whom WeChat knows and sells what it has."""

    claims: list[str]
    checked_in: list[str]


def _mall(simulator: Simulator, seen: TinyMall) -> Flask:
    app, lock = Flask("tiny_mall"), threading.Lock()

    @app.post("/api/v1/sessions")
    def sessions() -> tuple[Response, int]:
        grant = simulator.world.grants[request.get_json()["code"]]
        if grant.openid.endswith("3"):
            return jsonify(code="wechat_blocked"), 403
        return jsonify(access_token=grant.openid), 201

    @app.post("/api/v1/checkins")
    def checkins() -> tuple[Response, int]:
        seen.checked_in.append(request.headers["Authorization"])
        return jsonify(), 201

    @app.post("/api/v1/flash-sales/4/claims")
    def claim() -> tuple[Response, int]:
        assert request.get_json()["item_id"] == "9"
        with lock:
            seen.claims.append(request.headers["Idempotency-Key"])
            won = len(seen.claims) <= STOCK
        return (jsonify(order_no="R1"), 201) if won else (jsonify(code="sold_out"), 409)

    @app.get("/picture.svg")
    def picture() -> Response:
        return Response("<svg xmlns='http://www.w3.org/2000/svg'/>", mimetype="image/svg+xml")

    @app.get("/page.html")
    def page() -> str:
        return "<p>no picture</p>"

    return app


@pytest.fixture
def mall(simulator: Simulator) -> Iterator[TinyMall]:
    seen = TinyMall(claims=[], checked_in=[])
    server = listen(_mall(simulator, seen), 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    object.__setattr__(simulator.world.config, "mall", f"http://127.0.0.1:{server.port}")
    yield seen
    server.shutdown()
    thread.join()
    server.server_close()


def crowd(simulator: Simulator, **wanted: Any) -> requests.Response:
    return requests.post(f"{simulator.url}/_sim/crowd", json=wanted, timeout=60)


# People


def test_people_are_told_by_openid_and_name() -> None:
    assert people_of("a=小明 · 天天签到, b,,") == {"a": "小明 · 天天签到", "b": "b"}
    assert people_of("") == {}


def test_names_outlive_a_state_that_knows_none(simulator: Simulator) -> None:
    older = simulator.world.snapshot()
    older["shoppers"] = [{"openid": "a", "phone": "13800138000"}]
    simulator.world.restore(older)
    simulator.world.introduce({"a": "小明"})
    [known] = requests.get(f"{simulator.url}/_sim/users", timeout=10).json()["items"]
    assert (known["name"], known["phone"]) == ("小明", "13800138000")


# A crowd


@pytest.mark.parametrize("people", [0, -1, MOST_PEOPLE + 1, True, 2.5, "20", None])
def test_a_crowd_is_bounded(simulator: Simulator, people: object) -> None:
    answer = crowd(simulator, sale_id="4", item_id="9", people=people)
    assert (answer.status_code, answer.json()["error"]) == (400, "people must be 1 to 200")
    assert simulator.world.shoppers == {}


@pytest.mark.parametrize(
    "wanted",
    [
        {"sale_id": "../members/me", "item_id": "9"},
        {"sale_id": 4, "item_id": "9"},
        {"sale_id": "4", "item_id": ""},
        {"sale_id": "4", "item_id": "9", "delivery": "yes"},
    ],
)
def test_a_crowd_goes_to_a_sale_only(simulator: Simulator, wanted: dict[str, object]) -> None:
    assert crowd(simulator, people=2, **wanted).status_code == 400


def test_a_crowd_logs_in_and_claims_at_once(simulator: Simulator, mall: TinyMall) -> None:
    told = crowd(simulator, sale_id="4", item_id="9", people=20).json()
    assert (told["people"], told["logged_in"], told["won"]) == (20, 18, STOCK)
    assert told["outcomes"] == {"sold_out": 11, "won": STOCK}
    assert len(set(mall.claims)) == 18
    assert len(set(mall.checked_in)) == 18


def test_a_crowd_is_the_same_people_again_and_not_listed(
    simulator: Simulator, mall: TinyMall
) -> None:
    for _ in range(2):
        assert crowd(simulator, sale_id="4", item_id="9", people=5).status_code == 201
    assert len(simulator.world.shoppers) == 5
    assert requests.get(f"{simulator.url}/_sim/users", timeout=10).json()["items"] == []


def test_a_crowd_before_a_closed_mall_is_told(simulator: Simulator) -> None:
    object.__setattr__(simulator.world.config, "mall", "http://127.0.0.1:9")
    told = crowd(simulator, sale_id="4", item_id="9", people=3).json()
    assert (told["logged_in"], told["won"], told["outcomes"]) == (0, 0, {})


# Pictures


def test_a_pickup_code_is_drawn(simulator: Simulator) -> None:
    url = f"{simulator.url}/_sim/phone/qr"
    answer = requests.get(url, params={"text": "6358961246543951"}, timeout=10)
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert "<svg" in answer.text
    for text in ("", "x" * 129, "a\nb"):
        assert requests.get(url, params={"text": text}, timeout=10).status_code == 400


def test_pictures_of_the_mall_are_shown_and_nothing_else(
    simulator: Simulator, mall: TinyMall
) -> None:
    url = f"{simulator.url}/_sim/phone/picture"
    shown = requests.get(url, params={"path": "/picture.svg"}, timeout=10)
    assert (shown.status_code, shown.headers["Content-Type"][:13]) == (200, "image/svg+xml")
    assert shown.headers["Content-Security-Policy"].startswith("sandbox")
    for path, status in (
        ("/page.html", 404),
        ("/none.svg", 404),
        ("https://evil.example/x.svg", 400),
    ):
        assert requests.get(url, params={"path": path}, timeout=10).status_code == status


# The page


def test_each_part_of_the_page_is_short_and_asks_nobody_else() -> None:
    parts = [*STATIC.rglob("*.js"), *STATIC.rglob("*.css"), *STATIC.rglob("*.html")]
    assert len(parts) > 20
    for part in parts:
        text = part.read_text(encoding="utf-8")
        assert text.count("\n") < 250, part
        assert "https://" not in text, part
        assert "innerHTML" not in text, part
