"""Goods: loaded from a file, shown on the shelf, sold at the server's price."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from rich.console import Console
from rich.progress import Progress

from miniprogram_api.core.db import db
from miniprogram_api.demo.seeds import Seeding
from points_mall.catalogue import goods, goods_demo
from points_mall.catalogue.errors import GoodsNotValid, NoSuchProduct
from points_mall.catalogue.goods import Goods
from points_mall.catalogue.goods_cli import goods_cli
from points_mall.catalogue.models import Product
from tests.builders import bearer, enrolled_member

LATTE = Goods("latte", "拿铁", "coffee", 2190, position=2)
TEE = Goods("tee", "纯棉T恤", "clothing", 9900, "/static/rewards/shirt.svg", position=1)


def shelf() -> list[tuple[str, int, bool]]:
    db.session.rollback()
    return [(one.sku, one.price_fen, one.is_listed) for one in goods.everything()]


def test_goods_are_put_on_sale_and_changed_by_sku(app: Flask) -> None:
    assert goods.load([LATTE, TEE]) == 2
    first = db.session.scalar(sa.select(Product.id).filter_by(sku="latte"))
    goods.load([replace(LATTE, price_fen=2390)])
    assert shelf() == [("latte", 2390, True), ("tee", 9900, True)]
    assert db.session.scalar(sa.select(Product.id).filter_by(sku="latte")) == first
    assert goods.on_sale(["tee", "tee"])["tee"].price_fen == 9900


def test_what_is_unlisted_is_not_sold(app: Flask) -> None:
    goods.load([LATTE, TEE])
    goods.set_listed("tee", is_listed=False)
    with pytest.raises(NoSuchProduct) as refusal:
        goods.on_sale(["latte", "tee"])
    assert refusal.value.numbers == {"sku": "tee"}
    goods.set_listed("tee", is_listed=True)
    assert sorted(goods.on_sale(["latte", "tee"])) == ["latte", "tee"]
    with pytest.raises(NoSuchProduct):
        goods.set_listed("no-such-thing", is_listed=True)


@pytest.mark.parametrize(
    "bad",
    [
        replace(TEE, price_fen=0),
        replace(TEE, price_fen=-1),
        replace(TEE, category="top_up"),
        replace(TEE, category="redemption"),
        replace(TEE, picture="http://example.com/a.png"),
        replace(TEE, picture="/static/../secret"),
        LATTE,
    ],
)
def test_goods_that_cannot_be_sold_change_nothing(app: Flask, bad: Goods) -> None:
    with pytest.raises(GoodsNotValid):
        goods.load([LATTE, bad])
    assert shelf() == []


def test_members_see_the_shelf_in_pages(app: Flask, client: FlaskClient) -> None:
    goods.load([LATTE, TEE, replace(TEE, sku="hidden", is_listed=False)])
    headers = bearer(enrolled_member())
    first = client.get("/api/v1/goods?limit=1", headers=headers).get_json()
    assert first["items"] == [
        {"sku": "latte", "title": "拿铁", "category": "coffee", "price_fen": 2190, "picture": ""}
    ]
    rest = client.get(f"/api/v1/goods?cursor={first['next_cursor']}", headers=headers).get_json()
    assert [one["sku"] for one in rest["items"]] == ["tee"]
    assert rest["next_cursor"] is None
    assert client.get("/api/v1/goods").status_code == 401


def written(tmp_path: Path, told: Any) -> str:
    path = tmp_path / "goods.json"
    path.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
    return str(path)


def test_a_file_of_goods_is_loaded_and_listed(app: Flask, tmp_path: Path) -> None:
    one = {"sku": "latte", "title": "拿铁", "category": "coffee", "price_fen": 2190}
    runner = app.test_cli_runner()
    done = runner.invoke(goods_cli, ["load", written(tmp_path, {"goods": [one]})])
    assert (done.exit_code, done.output) == (0, "1 loaded\n")
    told = runner.invoke(goods_cli, ["list", "--json"])
    assert json.loads(told.output) == [{**one, "is_listed": True}]
    assert runner.invoke(goods_cli, ["unlist", "latte"]).output == "unlisted\n"
    assert "✗ latte" in runner.invoke(goods_cli, ["list"]).output
    assert runner.invoke(goods_cli, ["unlist", "latte", "--back"]).output == "listed\n"
    assert runner.invoke(goods_cli, ["unlist", "nothing"]).exit_code == 1


@pytest.mark.parametrize(
    "bad",
    [
        "not json",
        {"goods": []},
        {"goods": [{"sku": "latte"}]},
        {"goods": [{"sku": "a b", "title": "x", "category": "c", "price_fen": 1}]},
        {"goods": [{"sku": "a", "title": "x", "category": "C!", "price_fen": 1}]},
        {"goods": [{"sku": "a", "title": "x", "category": "c", "price_fen": 1.5}]},
        {"goods": [{"sku": "a", "title": "x", "category": "top_up", "price_fen": 1}]},
        {"goods": [{"sku": "a", "title": "x", "category": "c", "price_fen": 1, "price": 2}]},
    ],
)
def test_a_file_that_cannot_be_read_loads_nothing(app: Flask, tmp_path: Path, bad: Any) -> None:
    done = app.test_cli_runner().invoke(goods_cli, ["load", written(tmp_path, bad)])
    assert done.exit_code == 1
    assert shelf() == []


def test_the_demo_sells_goods_and_leaves_what_was_changed(app: Flask) -> None:
    for _ in range(2):
        with Progress(console=Console(quiet=True)) as progress:
            goods_demo.seed(Seeding(progress, "goods", []))
        assert len(shelf()) == 5
        goods.load([replace(LATTE, price_fen=1)])
    assert ("latte", 1, True) in shelf()
