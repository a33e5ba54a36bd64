"""`flask coupons drop …`: what the merchant types, and what is refused; and the drops of a demo."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock
from points_mall.coupon_drops import demo
from points_mall.coupons import demo as coupons_demo
from tests.builders import shanghai
from tests.evidence import database_fingerprint
from tests.points_mall.coupon_drops.conftest import Held, look_again, outcome, shoppers, template

PLAN = {
    "template": "five",
    "title_zh": "整点抢券",
    "title_en": "On the hour",
    "times": ["10:00", "20:00"],
    "weekdays": [6, 7],
    "lasts_minutes": 60,
    "stock": 100,
}


@pytest.fixture(autouse=True)
def _saturday_at_nine(app: Flask) -> None:
    clock.set(shanghai("2026-11-21 09:00"))
    template()


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["coupons", "drop", *words])


def create(app: Flask, folder: Path, **changes: Any) -> Any:
    file = folder / "plan.json"
    told = {name: value for name, value in {**PLAN, **changes}.items() if value is not None}
    file.write_text(json.dumps(told), encoding="utf-8")
    return run(app, "create", str(file))


def test_a_file_becomes_a_plan_that_is_listed_and_closed(app: Flask, tmp_path: Path) -> None:
    created = create(app, tmp_path)
    assert created.exit_code == 0, created.output
    assert json.loads(created.output) == {"coupon_drop_plan_id": "1"}

    [plan] = json.loads(run(app, "list", "--json").output)
    opens = [drop["opens_at"][5:16] for drop in plan["drops"]]
    assert opens == [
        "11-21T10:00",
        "11-21T20:00",
        "11-22T10:00",
        "11-22T20:00",
        "11-28T10:00",
        "11-28T20:00",
    ]
    assert (plan["template"], plan["stock"], plan["allowance"]) == ("five", 100, 1)
    assert plan["drops"][0]["remaining"] == 100
    assert "整点抢券" in run(app, "list").output

    assert run(app, "close", "1").output == "closed\n"
    again = run(app, "close", "1")
    assert (again.exit_code, "已关闭" in again.output) == (1, True)
    [plan] = json.loads(run(app, "list", "--json").output)
    assert (plan["closed_at"], plan["drops"]) == ("2026-11-21T09:00:00+08:00", [])


@pytest.mark.parametrize(
    "changes",
    [
        {"every_minutes": 5},
        {"times": None, "every_minutes": 7, "lasts_minutes": 1},
        {"times": None, "weekdays": None, "opens_at": "2026-11-20T10:00:00+08:00"},
        {"times": ["25:00"]},
        {"times": None},
        {"stock": 0},
        {"template": "nosuch"},
        {"quantity": 3},
        {"lasts_minutes": 601},
        {"weekdays": [8]},
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_changes(
    app: Flask, tmp_path: Path, changes: dict[str, Any]
) -> None:
    before = database_fingerprint()
    refused = create(app, tmp_path, **changes)
    assert refused.exit_code == 1, refused.output
    assert "·" in refused.output
    assert database_fingerprint() == before


def test_what_is_no_json_is_refused(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{", encoding="utf-8")
    refused = run(app, "create", str(tmp_path / "plan.json"))
    assert (refused.exit_code, "不是 JSON" in refused.output) == (1, True)


class _Seeding:
    def expect(self, steps: int) -> None: ...

    def advance(self, steps: int = 1) -> None: ...


def test_the_demo_opens_each_five_minutes(app: Flask, client: FlaskClient) -> None:
    clock.reset()
    coupons_demo.seed(_Seeding())  # type: ignore[arg-type]
    for _ in range(2):
        demo.seed(_Seeding())  # type: ignore[arg-type]
    look_again()
    items = client.get("/api/v1/coupon-drops").get_json()["items"]
    quick = [one for one in items if one["title"] == "每五分钟一场 · 5元券"]
    assert len(quick) == 6
    assert {one["opens_at"][15:16] for one in quick} <= {"0", "5"}
    assert len(items) == 12
    [li] = shoppers(client, 1)
    assert outcome([li.claim(Held(int(quick[0]["id"]), 0))]) == ["not_started"]
