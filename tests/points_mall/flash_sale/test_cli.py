"""`flask flash-sale …`: what the merchant types, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock
from points_mall.flash_sale import demo
from points_mall.flash_sale.sales import read_all
from tests.builders import shanghai
from tests.evidence import database_fingerprint
from tests.points_mall.flash_sale.conftest import look_again, outcome, shopper

FILE = {
    "title": "双十一秒杀",
    "days": ["2026-11-21", "2026-11-22"],
    "times": ["10:00-11:00", "20:00-21:00"],
    "items": [{"title": "保温杯", "points_price": 100, "stock": 2}],
}


@pytest.fixture(autouse=True)
def _nine_o_clock() -> None:
    clock.set(shanghai("2026-11-21 09:00"))


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["flash-sale", *words])


def create(app: Flask, folder: Path, **changes: Any) -> Any:
    file = folder / "sale.json"
    file.write_text(json.dumps({**FILE, **changes}), encoding="utf-8")
    return run(app, "create", str(file))


def ids(done: Any) -> list[int]:
    assert done.exit_code == 0, done.output
    return [int(one) for one in json.loads(done.output)["flash_sale_ids"]]


def test_a_file_becomes_a_sale_for_each_slot_with_stock_of_its_own(
    app: Flask, tmp_path: Path
) -> None:
    sales = read_all(ids(create(app, tmp_path)))
    assert [sale.starts_at for sale in sales] == [
        shanghai("2026-11-21 10:00"),
        shanghai("2026-11-21 20:00"),
        shanghai("2026-11-22 10:00"),
        shanghai("2026-11-22 20:00"),
    ]
    assert {sale.campaign for sale in sales} == {"双十一秒杀"}
    assert len({sale.items[0].pool_id for sale in sales}) == 4
    assert {sale.items[0].allowance for sale in sales} == {1}

    told = json.loads(run(app, "list", "--json").output)
    assert len(told) == 4
    assert told[-1]["items"][0]["remaining"] == 2
    assert "保温杯" in run(app, "list").output


@pytest.mark.parametrize(
    "changes",
    [
        {"items": []},
        {"items": [{"title": "保温杯", "points_price": 0, "stock": 1}]},
        {"items": [{"title": "保温杯", "points_price": 100, "stock": -1}]},
        {"items": [{"title": "保温杯", "points_price": 100, "stock": 1, "min_tier": "lead"}]},
        {"items": [{"title": "保温杯", "points_price": 100, "stock": 1, "reward_id": "99"}]},
        {"times": ["25:00-26:00"]},
        {"times": ["10:00-12:00", "11:00-13:00"]},
        {"days": ["2026-11-20"]},
        {"days": []},
        {"slots": [{"starts_at": "2026-11-21T10:00:00+08:00", "ends_at": "2026-11-21T11:00:00Z"}]},
        {"surprise": 1},
    ],
)
def test_what_cannot_be_held_is_refused_and_nothing_is_written(
    app: Flask, tmp_path: Path, changes: dict[str, Any]
) -> None:
    before = database_fingerprint()
    done = create(app, tmp_path, **changes)
    assert done.exit_code == 1, done.output
    assert "Error" in done.output
    assert database_fingerprint() == before


def test_a_file_that_is_no_json_is_refused(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "sale.json"
    file.write_text("{", encoding="utf-8")
    assert run(app, "create", str(file)).exit_code == 1


def test_slots_may_be_moments(app: Flask, tmp_path: Path) -> None:
    slots = [{"starts_at": "2026-11-21T10:00:00+08:00", "ends_at": "2026-11-21T02:30:00Z"}]
    [sale] = read_all(ids(create(app, tmp_path, slots=slots, days=[], times=[])))
    assert (sale.starts_at, sale.ends_at) == (
        shanghai("2026-11-21 10:00"),
        shanghai("2026-11-21 10:30"),
    )


def test_times_are_changed_until_a_sale_is_over(app: Flask, tmp_path: Path) -> None:
    sale_id, *_ = ids(create(app, tmp_path))
    assert run(app, "change", str(sale_id), "--ends-at", "2026-11-21 12:00").exit_code == 0
    [sale] = read_all([sale_id])
    assert sale.ends_at == shanghai("2026-11-21 12:00")
    clock.set(shanghai("2026-11-21 10:30"))
    assert run(app, "change", str(sale_id), "--starts-at", "2026-11-21 10:45").exit_code == 1
    assert run(app, "change", str(sale_id), "--ends-at", "2026-11-21 10:00").exit_code == 1
    clock.set(shanghai("2026-11-21 12:00"))
    assert run(app, "change", str(sale_id), "--ends-at", "2026-11-21 13:00").exit_code == 1


def test_a_sale_closed_before_it_opened_never_opens(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    sale_id, *_ = ids(create(app, tmp_path))
    assert run(app, "close", str(sale_id)).exit_code == 0
    again = run(app, "close", str(sale_id))
    assert (again.exit_code, "活动已结束" in again.output) == (1, True)
    assert run(app, "close", "999").exit_code == 1
    look_again()
    answer = client.get(f"/api/v1/flash-sales/{sale_id}").get_json()
    assert answer["state"] == "ended"


def test_stock_is_raised_and_lowered(app: Flask, tmp_path: Path) -> None:
    sale_id, *_ = ids(create(app, tmp_path))
    item = str(read_all([sale_id])[0].items[0].id)
    assert "库存 stock 12" in run(app, "raise", item, "--by", "10").output
    assert "库存 stock 1\n" in run(app, "lower", item, "--by", "11").output
    assert run(app, "lower", item, "--by", "2").exit_code == 1
    assert run(app, "raise", "999", "--by", "1").exit_code == 1
    assert read_all([sale_id])[0].items[0].stock == 1


class _Seeding:
    def expect(self, steps: int) -> None: ...

    def advance(self, steps: int = 1) -> None: ...


def test_the_demo_has_one_running_one_to_come_and_one_over(app: Flask, client: FlaskClient) -> None:
    clock.reset()
    for _ in range(2):
        demo.seed(_Seeding())  # type: ignore[arg-type]
    look_again()
    items = client.get("/api/v1/flash-sales").get_json()["items"]
    assert [one["state"] for one in items] == ["running", "upcoming", "ended"]

    sale = demo._demo_sales()
    running = next(one for one in sale if one.state_at(clock.now()) == "running")
    answer = shopper(client).client.post(
        f"/api/v1/flash-sales/{running.id}/claims",
        json={"item_id": str(running.items[0].id)},
        headers={**shopper(client).headers, "Idempotency-Key": "demo-claim-1"},
    )
    assert outcome([answer]) == ["ready"]
