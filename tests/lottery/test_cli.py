"""`flask lottery …`: making, listing, trying out, closing and exporting."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from lottery import services
from lottery.demo import demo_wheel, seed
from lottery.terms import PrizeTerms
from miniprogram_api.demo import seeds
from points_mall.coupons import demo as coupons_demo

from .conftest import THANKS, all_is_right, enrol, only, points_prize, spins, wheel_of

FILE: dict[str, Any] = {
    "title": "双十一转盘",
    "opens_at": "2026-11-11T00:00:00+08:00",
    "points_cost": 10,
    "weight_total": 100,
    "min_tier": "gold",
    "prizes": [
        {"name": "耳机", "kind": "reward", "weight": 1, "value_fen": 29900, "stock": 3,
         "fulfilment": "delivery", "code": "ears"},
        {"name": "谢谢", "kind": "nothing", "weight": 99, "is_consolation": True},
    ],
}  # fmt: skip


def run(app: Flask, *args: str) -> Any:
    return app.test_cli_runner().invoke(args=["lottery", *args])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "wheel.json"
    path.write_text(json.dumps(FILE), encoding="utf-8")
    return path


def test_a_wheel_is_made_changed_listed_and_closed(app: Flask, file: Path) -> None:
    assert json.loads(run(app, "create", str(file)).output) == {"wheel_id": "1", "version": 1}
    assert json.loads(run(app, "change", "1", str(file)).output)["version"] == 2
    listed = json.loads(run(app, "list", "--json").output)
    assert listed == [
        {"id": "1", "title": "双十一转盘", "state": "running", "version": 2, "draws": 0}
    ]
    assert "双十一转盘" in run(app, "list").output
    assert run(app, "close", "1").output == "closed\n"
    assert json.loads(run(app, "list", "--json").output)[0]["state"] == "ended"
    assert run(app, "close", "9").exit_code == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"weight_total": 99}, "100"),
        ({"prizes": []}, "prizes"),
        ({"opens_at": "tomorrow"}, "opens_at"),
        ({"weight_total": 10**12}, "must lie between"),
        ({"prizes": [{"name": "车", "kind": "reward", "weight": 100, "value_fen": 5_000_001,
                      "stock": 1, "fulfilment": "pickup"}]}, "五万"),
        ({"prizes": [{"name": "负", "kind": "nothing", "weight": -1}]}, "weight"),
        ({"colour": "red"}, "colour"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_wheel_is_refused(
    app: Flask, file: Path, change: dict[str, Any], says: str
) -> None:
    file.write_text(json.dumps({**FILE, **change}), encoding="utf-8")
    done = run(app, "create", str(file))
    assert done.exit_code == 1
    assert says in done.output
    assert json.loads(run(app, "list", "--json").output) == []


def test_a_file_that_is_no_json_is_refused(app: Flask, file: Path) -> None:
    file.write_text("{")
    assert run(app, "create", str(file)).exit_code == 1


def test_a_simulation_tells_what_the_odds_tell(app: Flask) -> None:
    wheel = wheel_of(
        points_prize(10, 1, stock=3), PrizeTerms("没", "nothing", 3, is_consolation=True)
    )
    told = json.loads(run(app, "simulate", str(wheel), "--draws", "2000", "--json").output)
    assert (told["points_each"], told["prizes"][0]["expected"]) == ("2.50", "500.00")
    assert 400 < told["prizes"][0]["simulated"] < 600
    assert told["prizes"][0]["lasts"] < 0.001
    assert "积分" in run(app, "simulate", str(wheel), "--draws", "100").output
    assert run(app, "simulate", "77").exit_code == 1


def test_winners_are_exported_without_formulas(app: Flask, tmp_path: Path) -> None:
    member = enrol()[0]
    prize = PrizeTerms("=1+1", "reward", 1, value_fen=900, stock=1, fulfilment="pickup")
    wheel = wheel_of(prize, THANKS)
    first, _ = spins(member, wheel, 2)
    path = tmp_path / "winners.csv"
    assert run(app, "winners", str(wheel), "--csv", str(path)).exit_code == 0
    with path.open(encoding="utf-8-sig") as opened:
        (row,) = list(csv.DictReader(opened))
    assert (row["prize"], row["value_fen"], row["draw_no"]) == ("'=1+1", "900", first["draw_no"])
    assert row["order_no"] == first["granted"]["order_no"]
    assert row["drawn_at"] == "2026-11-21T12:00:00+08:00"


def test_the_demo_has_one_wheel_of_every_kind_and_it_draws(app: Flask) -> None:
    class Quiet:
        def expect(self, _steps: int) -> None: ...
        def advance(self, _steps: int = 1) -> None: ...

    coupons_demo.seed(Quiet())  # type: ignore[arg-type]
    seed(Quiet())  # type: ignore[arg-type]
    seed(Quiet())  # type: ignore[arg-type]
    assert len(json.loads(run(app, "list", "--json").output)) == 1
    kinds = {prize.kind for prize in demo_wheel().prizes}
    assert kinds == {"points", "reward", "coupon", "draw_again", "draw_chance", "nothing"}
    assert any("lucky draws" in name for name in seeds._seeds)
    spins(enrol()[0], 1, 1)
    all_is_right()


def test_a_wheel_of_the_past_can_still_be_exported(app: Flask) -> None:
    wheel = only(points_prize(1))
    spins(enrol()[0], wheel, 1)
    services.close(wheel)
    assert run(app, "winners", str(wheel)).output.count("\n") == 2
