"""A crowd on demand: invented shoppers who log in like anybody and reach for one thing at once.

They speak the real protocol over real HTTP: a code, a session, a check-in for a few points to spend,
a claim. They are the same people each time, so their number is bounded however often they come.
"""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
from flask import Blueprint, Response, jsonify, request

from .world import CROWD_PREFIX, World, world

blueprint = Blueprint("crowd", __name__, url_prefix="/_sim")

MOST_PEOPLE = 200
DOORS = 16  # how many log in side by side
PATIENCE_SECONDS = 30.0
API = "/api/v1"
ADDRESS = {"name": "路人", "phone": "13800138000", "region": "上海市", "detail": "南京东路1号"}

T = TypeVar("T")
R = TypeVar("R")

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Claimed:
    """What one of the crowd heard: "won", the code of a problem, or "unheard"; and when."""

    outcome: str
    milliseconds: float


@blueprint.post("/crowd")
def crowd() -> tuple[Response, int]:
    """`{"sale_id", "item_id", "people", "delivery"?}`: how many won, how the others fared."""
    wanted = request.get_json(silent=True)
    if not isinstance(wanted, dict) or (complaint := _complaint(wanted)):
        return jsonify(error=complaint if isinstance(wanted, dict) else "send a JSON object"), 400
    if not _one_at_a_time.acquire(blocking=False):
        return jsonify(error="one crowd at a time"), 409
    try:
        return jsonify(_let_them_in(wanted)), 201
    finally:
        _one_at_a_time.release()


def _complaint(wanted: dict[str, Any]) -> str | None:
    people = wanted.get("people")
    if not isinstance(people, int) or isinstance(people, bool) or not 1 <= people <= MOST_PEOPLE:
        return f"people must be 1 to {MOST_PEOPLE}"
    for name in ("sale_id", "item_id"):
        value = wanted.get(name)
        if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
            return f"{name} must be a text of digits"
    return None if isinstance(wanted.get("delivery", False), bool) else "delivery: true or false"


def _let_them_in(wanted: dict[str, Any]) -> dict[str, Any]:
    """Log everybody in, then open the gate; the figures of the rush."""
    names = [f"{CROWD_PREFIX}{number:03}" for number in range(1, wanted["people"] + 1)]
    came = _all_at_once(names, DOORS, _log_in(world()))
    inside = [token for token in came if token is not None]
    body = {"item_id": wanted["item_id"]} | (
        {"delivery": ADDRESS} if wanted.get("delivery") else {}
    )
    path = f"/flash-sales/{wanted['sale_id']}/claims"
    began = time.monotonic()
    claims = _all_at_once(inside, len(inside), _claim(world().config.mall, path, body, len(inside)))
    outcomes = Counter(claim.outcome for claim in claims)
    waits = sorted(claim.milliseconds for claim in claims) or [0.0]
    return {
        "people": len(names),
        "logged_in": len(inside),
        "won": outcomes["won"],
        "outcomes": dict(outcomes.most_common()),
        "median_ms": round(waits[len(waits) // 2]),
        "slowest_ms": round(waits[-1]),
        "rush_ms": round((time.monotonic() - began) * 1000),
    }


def _all_at_once(things: Sequence[T], width: int, act: Callable[[T], R]) -> list[R]:
    with ThreadPoolExecutor(max(1, width)) as threads:
        return list(threads.map(act, things))


def _log_in(of: World) -> Callable[[str], str | None]:
    """How one logs in and checks in; gives the token, None where the mall will not have them."""

    def log_in(openid: str) -> str | None:
        with of.lock:
            code = of.login_code(openid)
        told = _post(of.config.mall, "/sessions", {"code": code}, None)
        if told is None or told.status_code != 201:
            return None
        token = str(told.json()["access_token"])
        _post(of.config.mall, "/checkins", {}, token)  # refused on the second visit of a day
        return token

    return log_in


def _claim(mall: str, path: str, body: dict[str, Any], people: int) -> Callable[[str], Claimed]:
    """How one claims: when all stand at the gate, it opens."""
    gate = threading.Barrier(max(1, people))

    def claim(token: str) -> Claimed:
        gate.wait(PATIENCE_SECONDS)
        began = time.monotonic()
        told = _post(mall, path, body, token)
        return Claimed(_outcome(told), (time.monotonic() - began) * 1000)

    return claim


def _outcome(told: requests.Response | None) -> str:
    if told is None:
        return "unheard"
    if told.status_code == 201:
        return "won"
    try:
        return str(told.json().get("code", told.status_code))
    except (ValueError, AttributeError):
        return str(told.status_code)


def _post(
    mall: str, path: str, body: dict[str, Any], token: str | None
) -> requests.Response | None:
    headers = {"Idempotency-Key": secrets.token_hex(16)}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.post(
                f"{mall.rstrip('/')}{API}{path}",
                json=body,
                headers=headers,
                timeout=PATIENCE_SECONDS,
                allow_redirects=False,
            )
    except requests.RequestException:
        return None
