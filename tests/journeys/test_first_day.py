"""A member's first day, on the whole shop as `make run` opens it: every step over real HTTP."""

import sys
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import requests

from tests.services.demo import Running, ended, eventually, opened

REVOKED_WITHIN_SECONDS = 5

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the demo is watched in /proc"),
]


class Phone:
    """A shopper's mini-program."""

    def __init__(self, demo: Running, openid: str) -> None:
        self.mall = f"{demo.facts['base_url']}/api/v1"
        self.wechat = f"{demo.facts['simulator_url']}/_sim"
        self.openid = openid
        self.token = ""

    def log_in(self) -> Any:
        code = requests.post(f"{self.wechat}/codes", json={"openid": self.openid}, timeout=10)
        answer = requests.post(f"{self.mall}/sessions", json=code.json(), timeout=10)
        assert answer.status_code == 201, answer.text
        self.token = answer.json()["access_token"]
        return answer.json()

    def call(self, method: str, path: str, key: str = "", **body: Any) -> requests.Response:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": key or uuid.uuid4().hex,
        }
        return requests.request(
            method, f"{self.mall}{path}", headers=headers, json=body or None, timeout=10
        )

    def is_locked_out(self) -> bool:
        """Whether the token is over, for whichever web process answers."""
        answers = [self.call("GET", "/points") for _ in range(4)]
        return all(answer.status_code == 401 for answer in answers) and all(
            answer.json()["code"] == "token_revoked" for answer in answers
        )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = opened(tmp_path_factory.mktemp("first-day") / "instance")
    yield running
    ended(running)


def test_a_members_first_day(demo: Running) -> None:
    phone = Phone(demo, "o-first-day")

    signed_in = phone.log_in()
    assert signed_in["is_new_member"]
    assert signed_in["member"]["points"] == {"available": 0, "held": 0, "pending": 0, "debt": 0}

    checked_in = phone.call("POST", "/checkins", key="first-check-in")
    assert checked_in.status_code == 201
    assert (checked_in.json()["streak_days"], checked_in.json()["points_awarded"]) == (1, 5)
    today = date.fromisoformat(checked_in.json()["date"])

    points = phone.call("GET", "/points").json()
    assert points["available"] == 5
    assert points["expiring"][0]["points"] == 5
    expires_on = date.fromisoformat(points["expiring"][0]["expires_at"][:10])
    assert expires_on == today + timedelta(days=366)

    lost_answer = phone.call("POST", "/checkins", key="first-check-in")
    assert lost_answer.json() == checked_in.json()
    assert lost_answer.headers["Idempotency-Replayed"] == "true"

    again = phone.call("POST", "/checkins")
    assert (again.status_code, again.json()["code"]) == (409, "already_checked_in")

    yesterday = (today - timedelta(days=1)).isoformat()
    mended = phone.call("POST", "/checkins/make-ups", date=yesterday)
    assert (mended.status_code, mended.json()["streak_days"]) == (201, 2)
    tomorrow = (today + timedelta(days=1)).isoformat()
    early = phone.call("POST", "/checkins/make-ups", date=tomorrow)
    assert (early.status_code, early.json()["code"]) == (422, "date_not_allowed")

    entries = phone.call("GET", "/points/entries").json()["items"]
    assert [entry["points"] for entry in entries] == [5, 5]
    assert entries[0]["explanation"]["made_up"] is True

    taken_along = phone.call("GET", "/members/me/export").json()
    assert taken_along["identities"][0]["openid"] == "o-first-day"
    assert len(taken_along["points"]["entries"]) == 2

    assert phone.call("DELETE", "/members/me").status_code == 204
    assert eventually(phone.is_locked_out, REVOKED_WITHIN_SECONDS)
    assert phone.log_in()["is_new_member"]


def test_a_token_that_is_over_is_renewed_silently(demo: Running) -> None:
    phone = Phone(demo, "o-silent")
    first = phone.log_in()["member"]["member_no"]
    assert phone.call("DELETE", "/sessions/current").status_code == 204
    assert eventually(phone.is_locked_out, REVOKED_WITHIN_SECONDS)
    assert phone.log_in()["member"]["member_no"] == first
    assert phone.call("GET", "/points").status_code == 200


def test_a_bound_phone_is_shown_masked(demo: Running) -> None:
    phone = Phone(demo, "o-phone")
    phone.log_in()
    code = requests.post(
        f"{phone.wechat}/phone-codes",
        json={"openid": "o-phone", "phone": "13800138000"},
        timeout=10,
    ).json()["code"]
    bound = phone.call("POST", "/members/me/phone", code=code)
    assert (bound.status_code, bound.json()["phone_masked"]) == (200, "138****8000")
