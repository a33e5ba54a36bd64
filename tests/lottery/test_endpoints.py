"""The lottery over HTTP: the shapes of the contract, what is public, what stays secret."""

import json
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from lottery import periods, sealing
from lottery.models import FairnessPeriod
from lottery.terms import PrizeTerms
from miniprogram_api.core.clock import clock, today
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from miniprogram_api.risk import blocks
from miniprogram_api.risk.subjects import Kind
from tests.builders import bearer

from .conftest import (
    NOON,
    THANKS,
    all_is_right,
    draws_of,
    enrol,
    give_chances,
    give_points,
    only,
    points_prize,
    spins,
    wheel_of,
)

Headers = dict[str, str]


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"MEMBER_POSTS_PER_SECOND": 0}  # the pace of one member is told elsewhere


@pytest.fixture
def member(app: Flask) -> int:
    return enrol()[0]


@pytest.fixture
def headers(member: int) -> Headers:
    return bearer(member)


def post(
    client: FlaskClient, headers: Headers, wheel: int | str, key: str, body: Any = None
) -> Any:
    path = f"/api/v1/wheels/{wheel}/draws"
    return client.post(path, json=body or {}, headers={**headers, "Idempotency-Key": key})


def a_wheel(**more: Any) -> int:
    return wheel_of(
        PrizeTerms("杯", "reward", 1, value_fen=900, stock=2, fulfilment="pickup"),
        points_prize(5, 99),
        PrizeTerms("谢谢", "nothing", 9900, is_consolation=True),
        rules_zh="规则",
        rules_en="Rules",
        **{"points_cost": 20, "free_draws_per_day": 1, "daily_limit": 3, **more},
    )


def test_a_wheel_shows_its_odds_its_promise_and_what_the_member_has(
    client: FlaskClient, member: int, headers: Headers
) -> None:
    wheel = a_wheel(guarantee_nth=None)
    give_chances(member, 2)
    told: Any = client.get(f"/api/v1/wheels/{wheel}", headers=headers).json
    promised = db.session.scalars(sa.select(FairnessPeriod.commitment)).one()
    assert (told["id"], told["title"], told["points_cost"]) == (str(wheel), "测试转盘", 20)
    assert (told["chances"], told["free_draws_left"], told["draws_left_today"]) == (2, 1, 3)
    assert [(one["position"], one["odds_bp_text"], one["odds_text"]) for one in told["prizes"]] == [
        (1, "1", "0.01%"), (2, "99", "0.99%"), (3, "9900", "99%"),
    ]  # fmt: skip
    assert [one["remaining"] for one in told["prizes"]] == [2, None, None]
    assert told["fairness"] == {
        "algorithm": "HMAC-SHA256/rejection/v1", "commitment": promised, "period": "2026-11-21",
    }  # fmt: skip
    assert (told["rules"], told["state"]) == ("规则", "running")
    (listed,) = client.get("/api/v1/wheels", headers=headers).json["items"]  # type: ignore[index]
    assert listed == told


def test_a_draw_answers_as_agreed(client: FlaskClient, member: int, headers: Headers) -> None:
    wheel = only(points_prize(30), points_cost=20, free_draws_per_day=0)
    give_points(member, 20)
    answer = post(client, headers, wheel, "draw-key-1", {"nonce": "my-own-nonce"})
    (drawn,) = draws_of(wheel)
    period = db.session.scalars(sa.select(FairnessPeriod)).one()
    prize = client.get(f"/api/v1/wheels/{wheel}", headers=headers).json["prizes"][0]  # type: ignore[index]
    assert (answer.status_code, answer.json) == (
        201,
        {
            "draw_no": drawn.draw_no,
            "prize": {"id": prize["id"], "name": "30积分", "kind": "points", "position": 1},
            "granted": {"kind": "points", "points": 30},
            "paid_by": "points",
            "points": 20,
            "points_available": 30,
            "chances": 0,
            "proof": {
                "commitment": period.commitment, "period": "2026-11-21", "draw_index": 1,
            },
        },
    )  # fmt: skip
    assert drawn.nonce == "my-own-nonce"
    again = post(client, headers, wheel, "draw-key-1", {"nonce": "my-own-nonce"})
    assert (again.status_code, again.json) == (201, answer.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = post(client, headers, wheel, "draw-key-1", {"nonce": "another-nonce"})
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    all_is_right()


@pytest.mark.parametrize(
    "nonce", ["short", "x" * 65, "with space", "中文随机串随机串", 12345678, None, ""]
)
def test_a_nonce_that_is_none_is_refused(
    client: FlaskClient, headers: Headers, nonce: object
) -> None:
    answer = post(client, headers, a_wheel(), "draw-key-1", {"nonce": nonce})
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")


def test_refusals_over_http(client: FlaskClient, member: int, headers: Headers) -> None:
    wheel = a_wheel(free_draws_per_day=0)
    assert post(client, headers, 99, "draw-key-1").json["code"] == "no_such_wheel"
    answer = post(client, headers, wheel, "draw-key-2")
    assert (answer.status_code, answer.json["required"]) == (409, 20)
    assert post(client, {}, wheel, "draw-key-3").status_code == 401
    path = f"/api/v1/wheels/{wheel}/draws"
    assert client.post(path, json={}, headers=headers).json["code"] == "idempotency_key_missing"  # type: ignore[index]
    blocks.block(Kind.MEMBER, str(member), reason="farming", actor="test")
    assert post(client, headers, wheel, "draw-key-4").json["code"] == "blocked"


def test_a_foreign_draw_is_not_found(client: FlaskClient, member: int, headers: Headers) -> None:
    wheel = a_wheel()
    mine = spins(member, wheel, 1)[0]["draw_no"]
    stranger = bearer(enrol(1, first_number=9)[0])
    for number in (mine, "D00000000"):
        for path in (f"/api/v1/draws/{number}/proof",):
            answer: Any = client.get(path, headers=stranger)
            assert (answer.status_code, answer.json["code"]) == (404, "no_such_draw")
    assert client.get(f"/api/v1/draws/{mine}/proof", headers=headers).status_code == 200
    assert client.get("/api/v1/draws", headers=stranger).json["items"] == []  # type: ignore[index]


def test_a_proof_recomputes_with_the_script_once_the_day_is_over(
    client: FlaskClient, member: int, headers: Headers, tmp_path: Path
) -> None:
    wheel = wheel_of(points_prize(5, 7, is_guaranteed=True), THANKS,
                     PrizeTerms("没中", "nothing", 1_000_003 - 7), guarantee_nth=2)  # fmt: skip
    numbers = [body["draw_no"] for body in spins(member, wheel, 2)]
    script: Any = client.get("/fairness/verify_draw.py")
    (tmp_path / "verify_draw.py").write_bytes(script.data)

    def run(number: str) -> "subprocess.CompletedProcess[str]":
        proof: Any = client.get(f"/api/v1/draws/{number}/proof", headers=bearer(member))
        (tmp_path / "PROOF.json").write_text(json.dumps(proof.json))
        command = [sys.executable, "-I", "verify_draw.py", "PROOF.json"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "published when the period is over" in run(numbers[0]).stderr
    clock.advance(timedelta(days=1))
    periods.reveal_due()
    for number in numbers:
        done = run(number)
        assert (done.returncode, done.stdout.count("ok ")) == (0, 3), done.stdout + done.stderr


def test_a_stranger_follows_every_draw_of_a_day(client: FlaskClient, member: int) -> None:
    wheel = a_wheel(free_draws_per_day=5, daily_limit=None)
    spins(member, wheel, 5)
    early: Any = client.get(f"/api/v1/wheels/{wheel}/fairness/draws?day=2026-11-21")
    assert (early.status_code, early.json["code"]) == (404, "no_such_period")
    clock.advance(timedelta(days=1))
    periods.reveal_due()
    day: Any = client.get(f"/api/v1/wheels/{wheel}/fairness?day=2026-11-21").json
    items: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/api/v1/wheels/{wheel}/fairness/draws?day=2026-11-21&limit=2{cursor}"
        page: Any = client.get(path).json
        items += page["items"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    items.reverse()
    assert [one["draw_index"] for one in items] == list(range(1, day["draws"] + 1))
    previous = "0" * 64
    for one in items:
        at = datetime.fromisoformat(one["created_at"])
        facts = {**one, "wheel_id": wheel, "created_at": at}
        (version,) = day["versions"]
        sealed = _sealed(facts, version["hash"], previous)
        assert (one["prev_hash"], one["hash"]) == (previous, sealed)
        previous = one["hash"]
    assert previous == day["last_hash"]
    assert len({one["member_ref"] for one in items}) == 1


def _sealed(facts: dict[str, Any], version_hash: str, previous: str) -> str:
    return sealing.draw_hash(facts, date(2026, 11, 21), version_hash, previous)


def test_the_seed_is_nowhere_before_it_is_published(
    client: FlaskClient, member: int, headers: Headers, capfd: pytest.CaptureFixture[str]
) -> None:
    wheel = a_wheel()
    period = db.session.scalars(sa.select(FairnessPeriod)).one()
    seed = periods.unsealed(wheel, period.day, period.seed_sealed or "")
    spellings = (seed.hex(), repr(seed), period.seed_sealed or "")
    answers = [
        post(client, headers, wheel, "draw-key-1"),
        post(client, headers, wheel, "draw-key-2"),
    ]
    number = answers[0].json["draw_no"]
    paths = (
        "/api/v1/wheels", f"/api/v1/wheels/{wheel}", "/api/v1/draws", f"/api/v1/draws/{number}/proof",
        f"/api/v1/wheels/{wheel}/fairness", f"/api/v1/wheels/{wheel}/winners", "/fairness",
        f"/fairness/{wheel}", "/api/v1/members/me/export",
    )  # fmt: skip
    answers += [client.get(path, headers=headers) for path in paths]
    texts = [answer.get_data(as_text=True) for answer in answers]
    texts += [repr(period), str(vars(period).get("nothing")), "".join(capfd.readouterr())]
    assert [text for text in texts if any(one in text for one in spellings)] == []
    proof: Any = client.get(f"/api/v1/draws/{number}/proof", headers=headers).json
    assert proof["seed_hex"] is None
    clock.advance(timedelta(days=1))
    periods.reveal_due()
    proof = client.get(f"/api/v1/draws/{number}/proof", headers=bearer(member)).json
    assert proof["seed_hex"] == seed.hex()
    assert "".join(capfd.readouterr()).count(seed.hex()) == 0
    stored = db.session.scalars(sa.select(FairnessPeriod.seed_sealed).where(
        FairnessPeriod.day == NOON.date())).one()  # fmt: skip
    assert stored is None


def test_a_day_is_promised_before_and_published_after_it(client: FlaskClient, app: Flask) -> None:
    wheel = a_wheel()
    assert periods.promise_ahead() == 1
    days = db.session.scalars(sa.select(FairnessPeriod.day).order_by(FairnessPeriod.day)).all()
    assert days == [today(), today() + timedelta(days=1)]
    assert periods.reveal_due() == 0
    tomorrow: Any = client.get(f"/api/v1/wheels/{wheel}/fairness?day=2026-11-22")
    assert tomorrow.status_code == 404  # promised, but nobody's business yet
    clock.set(NOON + timedelta(hours=12, minutes=4))
    assert periods.reveal_due() == 0
    clock.set(NOON + timedelta(hours=12, minutes=5))
    assert (periods.reveal_due(), periods.reveal_due()) == (1, 0)


def test_winners_are_shown_by_masked_names(
    client: FlaskClient, member: int, headers: Headers
) -> None:
    wheel = only(points_prize(5))
    with transaction() as session:
        row = session.get_one(Member, member)
        row.nickname, row.nickname_checked = "王小明", True
    spins(member, wheel, 1)
    told: Any = client.get(f"/api/v1/wheels/{wheel}/winners", headers=headers).json
    assert [(one["name_masked"], one["prize"]) for one in told["items"]] == [("王**明", "5积分")]
    lost = only(PrizeTerms("没中", "nothing", 1))
    spins(member, lost, 1, first=5)
    assert client.get(f"/api/v1/wheels/{lost}/winners", headers=headers).json == {"items": []}


def test_the_pages_explain_and_show(client: FlaskClient, app: Flask) -> None:
    wheel = a_wheel()
    overview = client.get("/fairness")
    page = client.get(f"/fairness/{wheel}?lang=en")
    assert (overview.status_code, page.status_code) == (200, 200)
    assert "verify_draw.py" in overview.get_data(as_text=True)
    text = page.get_data(as_text=True)
    promised = db.session.scalars(sa.select(FairnessPeriod.commitment)).one()
    assert "0.01%" in text
    assert promised in text
    assert "Rules" in text
    assert client.get("/fairness/999").status_code == 404
    assert client.get("/fairness").headers["Content-Security-Policy"]


def test_the_export_has_draws_chances_and_coupons(
    client: FlaskClient, member: int, headers: Headers
) -> None:
    give_chances(member, 2)
    spins(member, only(PrizeTerms("券", "coupon", 1, 1, item="full50")), 1)
    told: Any = client.get("/api/v1/members/me/export", headers=headers).json
    assert [one["granted"]["title"] for one in told["lottery"]["draws"]] == ["满50减10"]
    assert [one["count"] for one in told["lottery"]["chances"]] == [2]
    assert [one["title"] for one in told["coupons"]["coupons"]] == ["满50减10"]
