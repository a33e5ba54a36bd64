"""Publishing, changing and showing rewards."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from rich.console import Console
from rich.progress import Progress

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.redis import redis_client
from miniprogram_api.demo.seeds import Seeding
from points_mall.catalogue import demo, offers, services
from points_mall.catalogue.errors import NoSuchReward, RewardNotValid
from points_mall.catalogue.models import Reward, RewardVariant
from points_mall.catalogue.states import state_of
from points_mall.catalogue.terms import NewVariant, RewardTerms, check_terms, is_picture
from points_mall.stock import gate, pools, remaining, units
from points_mall.stock.gate import Want
from points_mall.stock.models import StockPool, StockUnit
from points_mall.stock.pools import NotEnoughFree, pool_of
from points_mall.stock.units import Ownership
from points_mall.tiers.services import set_tier
from tests.builders import bearer, enrolled_member, shanghai

BAG = RewardTerms(title="帆布袋", points=90, fulfilment="pickup")
HOUR = timedelta(hours=1)
Ask = Callable[[str], Any]


def forget() -> None:
    for one in (pools.forget_cached, remaining.forget_cached, offers.forget_cached):
        one()


@pytest.fixture
def li(app: Flask) -> int:
    return enrolled_member()


@pytest.fixture
def ask(client: FlaskClient, li: int) -> Ask:
    """What a shopper is answered."""
    headers = bearer(li)
    return lambda path: client.get(f"/api/v1/rewards{path}", headers=headers)


def pools_of(reward_id: int) -> list[int]:
    query = sa.select(RewardVariant.pool_id).filter_by(reward_id=reward_id)
    return list(db.session.scalars(query.order_by(RewardVariant.id)))


def taken(pool_id: int, member_id: int, order_no: str, unit_no: int = 1) -> None:
    """A unit that somebody owns, in the database and in Redis."""
    gate.decide(pool_of(pool_id), [Want(member_id, order_no)])
    with transaction():
        units.own([Ownership(pool_id, order_no, member_id, (unit_no,))])
    gate.confirm(pool_id, [order_no])
    remaining.forget_cached()


# ------------------------------------------------------------------ what the shopper sees


def test_a_reward_shows_its_price_its_variants_and_what_is_left(ask: Ask, li: int) -> None:
    terms = replace(
        BAG,
        summary="厚实",
        description="一\n二",
        pictures=("https://cdn.example/a.png",),
        allowance=2,
    )
    reward_id = services.publish(terms, [NewVariant(5, "蓝"), NewVariant(7, "红", 120)])
    taken(pools_of(reward_id)[0], li, "R1")
    body = ask(f"/{reward_id}").get_json()
    variants = body.pop("variants")
    assert [(one["name"], one["points"], one["remaining"]) for one in variants] == [
        ("蓝", 90, 4), ("红", 120, 7),
    ]  # fmt: skip
    assert datetime.fromisoformat(body.pop("server_time")).tzinfo is not None
    assert body == {
        "id": str(reward_id),
        "title": "帆布袋",
        "summary": "厚实",
        "description": "一\n二",
        "pictures": ["https://cdn.example/a.png"],
        "points": 90,
        "cash_fen": 0,
        "shipping_fen": 0,
        "fulfilment": "pickup",
        "is_stocked": True,
        "is_cancellable": True,
        "state": "available",
        "remaining": 11,
        "allowance": 2,
        "min_tier": None,
        "available_from": None,
        "available_until": None,
    }


def test_the_shelf_shows_listed_rewards_highest_position_first_in_pages(ask: Ask) -> None:
    ids = [
        str(services.publish(replace(BAG, position=position), [NewVariant(1)]))
        for position in (1, 3, 2, 3)
    ]
    hidden = services.publish(BAG, [NewVariant(1)])
    services.set_listed(hidden, is_listed=False)
    first = ask("?limit=3").get_json()
    assert [one["id"] for one in first["items"]] == [ids[3], ids[1], ids[2]]
    assert "description" not in first["items"][0]
    rest = ask(f"?limit=3&cursor={first['next_cursor']}").get_json()
    assert [one["id"] for one in rest["items"]] == [ids[0]]
    assert rest["next_cursor"] is None
    assert ask(f"/{hidden}").get_json()["code"] == "no_such_reward"
    assert ask("/99999").status_code == 404
    assert ask("?limit=0").status_code == 422
    services.set_listed(hidden, is_listed=True)
    assert ask(f"/{hidden}").status_code == 200


def test_an_empty_shelf_is_an_empty_list(ask: Ask) -> None:
    assert ask("").get_json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("terms", "stock", "state"),
    [
        ({}, 1, "available"),
        ({}, 0, "sold_out"),
        ({"min_tier_rank": 1}, 1, "tier_too_low"),
        ({"min_tier_rank": 1}, 0, "sold_out"),
        ({"available_from": HOUR}, 1, "upcoming"),
        ({"available_from": HOUR, "min_tier_rank": 1}, 0, "upcoming"),
        ({"available_from": -HOUR, "available_until": HOUR}, 1, "available"),
        ({"available_until": -HOUR}, 0, "ended"),
    ],
)
def test_a_reward_tells_whether_it_can_be_had_and_why_not(
    ask: Ask, terms: dict[str, Any], stock: int, state: str
) -> None:
    dated: dict[str, Any] = {
        name: now() + value if isinstance(value, timedelta) else value
        for name, value in terms.items()
    }
    reward_id = services.publish(replace(BAG, **dated), [NewVariant(stock)])
    assert ask(f"/{reward_id}").get_json()["state"] == state


def test_the_moments_of_opening_and_closing_belong_to_what_begins() -> None:
    at = shanghai("2026-11-21 10:00")

    def state(opens: datetime | None, closes: datetime | None) -> str:
        return state_of(at, opens, closes, 1, rank=0, min_rank=0)

    assert state(at, None) == "available"
    assert state(None, at) == "ended"


def test_a_gated_reward_names_its_tier_and_opens_for_it(ask: Ask, li: int) -> None:
    reward_id = services.publish(replace(BAG, min_tier_rank=2), [NewVariant(1)])
    shown = ask(f"/{reward_id}").get_json()
    assert shown["min_tier"] == {"code": "platinum", "name": "VIP会员"}
    set_tier(li, "platinum")
    assert ask(f"/{reward_id}").get_json()["state"] == "available"


def test_what_is_left_comes_from_redis_and_is_a_second_old_at_most(ask: Ask, li: int) -> None:
    reward_id = services.publish(BAG, [NewVariant(5)])
    assert ask(f"/{reward_id}").get_json()["remaining"] == 5
    gate.decide(pool_of(pools_of(reward_id)[0], fresh=True), [Want(li, "R1")])
    assert ask(f"/{reward_id}").get_json()["remaining"] == 5
    remaining.forget_cached()
    assert ask(f"/{reward_id}").get_json()["remaining"] == 4


def test_a_redis_that_lost_the_pool_is_not_believed(ask: Ask, li: int) -> None:
    reward_id = services.publish(BAG, [NewVariant(5)])
    taken(pools_of(reward_id)[0], li, "R1")
    redis_client().flushall()
    remaining.forget_cached()
    assert ask(f"/{reward_id}").get_json()["remaining"] == 4


@pytest.mark.parametrize("app_settings", [{"REDIS_URL": "unix:///nowhere/redis.sock"}])
def test_without_redis_the_database_counts(ask: Ask, li: int) -> None:
    reward_id = services.publish(BAG, [NewVariant(5)])
    with transaction():
        units.own([Ownership(pools_of(reward_id)[0], "R1", li, (1,))])
    assert ask(f"/{reward_id}").get_json()["remaining"] == 4


def test_a_page_asks_a_constant_number_of_questions(ask: Ask) -> None:
    def questions() -> int:
        count = 0

        def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            nonlocal count
            count += any(name in statement for name in ("reward", "stock_", "member_tier"))

        remaining.forget_cached()
        sa.event.listen(db.engine, "before_cursor_execute", hear)
        ask("")
        sa.event.remove(db.engine, "before_cursor_execute", hear)
        return count

    services.publish(BAG, [NewVariant(1)])
    ask("")  # whatever a process asks once
    few = questions()
    for _ in range(10):
        services.publish(BAG, [NewVariant(1, "a"), NewVariant(1, "b")])
    assert questions() == few


# ------------------------------------------------------------------ publishing and changing


@pytest.mark.parametrize(
    "changes",
    [
        {"points": 0},
        {"points": -5},
        {"cash_fen": -1},
        {"fulfilment": "pigeon"},
        {"allowance": 0},
        {"allowance": -1},
        {"position": -1},
        {"min_tier_rank": -1},
        {"available_from": shanghai("2026-11-21 10:00"),
         "available_until": shanghai("2026-11-21 10:00")},
        {"pictures": ("http://cdn.example/a.png",)},
        {"pictures": ("https://cdn.example/a.png",) * 10},
    ],
)  # fmt: skip
def test_what_cannot_be_offered_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RewardNotValid):
        check_terms(replace(BAG, **changes))


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("https://cdn.example/a.png?x=1&y=2", True),
        ("/static/rewards/cup.svg", True),
        ("//cdn.example/a.png", False),
        ("/static/../etc/passwd", False),
        ("/static//etc", False),
        ("javascript:alert(1)", False),
        ('https://x/"onerror=', False),
        ("https://x/<b>", False),
        ("https://x/a b", False),
        ("https://", False),
        ("data:image/png;base64,AAAA", False),
        ("", False),
    ],
)
def test_pictures_come_from_https_or_from_us(address: str, is_one: bool) -> None:
    assert is_picture(address) is is_one


@pytest.mark.parametrize(
    "variants",
    [
        [],
        [NewVariant(-1)],
        [NewVariant(1_000_001)],
        [NewVariant(1, "a"), NewVariant(1, "a")],
        [NewVariant(1, "a"), NewVariant(1)],
        [NewVariant(1, "a", 0)],
        [NewVariant(1, str(n)) for n in range(51)],
    ],
)
def test_variants_that_do_not_fit_publish_nothing(app: Flask, variants: list[NewVariant]) -> None:
    with pytest.raises(RewardNotValid):
        services.publish(BAG, variants)
    for table in (Reward, RewardVariant, StockPool, StockUnit):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_a_published_reward_is_loaded_in_redis(app: Flask) -> None:
    reward_id = services.publish(BAG, [NewVariant(2, "a"), NewVariant(3, "b")])
    for pool_id in pools_of(reward_id):
        assert redis_client().exists(gate.keys_of(pool_id, "meta")[0])


def test_a_change_of_the_window_reaches_the_gate(app: Flask, li: int) -> None:
    reward_id = services.publish(BAG, [NewVariant(2)])
    [pool_id] = pools_of(reward_id)
    services.change(reward_id, replace(BAG, title="大帆布袋", available_until=now() - HOUR))
    assert gate.decide(pool_of(pool_id), [Want(li, "R1")])[0].word == "ended"
    services.change(reward_id, replace(BAG, allowance=1))
    first, second = gate.decide(pool_of(pool_id), [Want(li, "R1"), Want(li, "R2")])
    assert (first.word, second.word) == ("taken", "allowance_used")
    assert db.session.get_one(Reward, reward_id).title == "帆布袋"
    with pytest.raises(NoSuchReward):
        services.change(reward_id + 1, BAG)


def test_a_change_of_words_leaves_the_pool_alone(app: Flask) -> None:
    reward_id = services.publish(BAG, [NewVariant(2)])
    [pool_id] = pools_of(reward_id)
    before = pool_of(pool_id, fresh=True)
    services.change(reward_id, replace(BAG, summary="新", points=80))
    assert pool_of(pool_id, fresh=True) == before
    assert offers.offered(reward_id).points == 80
    assert services.terms_of(db.session.get_one(Reward, reward_id)) == replace(
        BAG, summary="新", points=80
    )


def test_stock_is_raised_and_lowered_by_free_units_only(ask: Ask, li: int) -> None:
    reward_id = services.publish(BAG, [NewVariant(2)])
    [variant_id] = db.session.scalars(sa.select(RewardVariant.id)).all()
    taken(pools_of(reward_id)[0], li, "R1")
    services.change_stock(variant_id, 3)
    assert ask(f"/{reward_id}").get_json()["remaining"] == 4
    services.change_stock(variant_id, -4)
    assert ask(f"/{reward_id}").get_json()["state"] == "sold_out"
    with pytest.raises(NotEnoughFree):
        services.change_stock(variant_id, -1)
    with pytest.raises(NoSuchReward):
        services.change_stock(variant_id + 1, 1)
    with pytest.raises(RewardNotValid):
        services.change_stock(variant_id, 10**9)
    assert db.session.scalars(sa.select(StockUnit.holder)).all() == ["R1"]


# ------------------------------------------------------------------ the operator's commands


def run(app: Flask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["rewards", *words])
    return done.exit_code, done.output


def a_file(folder: Path, **fields: Any) -> str:
    path = folder / "reward.json"
    given = {"title": "雨伞", "points": 300, "fulfilment": "pickup", **fields}
    path.write_text(json.dumps(given), encoding="utf-8")
    return str(path)


def test_the_operator_publishes_changes_and_unlists(app: Flask, tmp_path: Path) -> None:
    umbrella = a_file(tmp_path, min_tier="gold", available_from="2026-11-21T10:00:00+08:00",
                      description="一\n二", variants=[{"stock": 3}])  # fmt: skip
    code, output = run(app, "create", umbrella)
    assert code == 0, output
    reward_id = json.loads(output)["reward_id"]
    stored = db.session.get_one(Reward, int(reward_id))
    assert (stored.min_tier_rank, stored.available_from) == (1, shanghai("2026-11-21 10:00"))
    assert run(app, "change", reward_id, a_file(tmp_path, points=250))[0] == 0
    [told] = json.loads(run(app, "list", "--json")[1])
    assert (told["points"], told["variants"][0]["remaining"]) == (250, 3)
    assert run(app, "stock", "--variant", told["variants"][0]["id"], "--by", "-2")[0] == 0
    assert run(app, "stock", "--variant", told["variants"][0]["id"], "--by", "-2")[0] == 1
    assert run(app, "unlist", reward_id)[1] == "unlisted\n"
    assert "✗" in run(app, "list")[1]
    assert run(app, "unlist", reward_id, "--back")[1] == "listed\n"
    assert run(app, "unlist", "77")[0] == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"points": 0, "variants": [{"stock": 1}]},
        {"points": "300", "variants": [{"stock": 1}]},
        {"fulfilment": "pigeon", "variants": [{"stock": 1}]},
        {"variants": []},
        {"variants": [{"stock": -1}]},
        {"colour": "red", "variants": [{"stock": 1}]},
        {"title": "a\u0000b", "variants": [{"stock": 1}]},
        {"description": "a\u0000b", "variants": [{"stock": 1}]},
        {"pictures": ["http://x/y.png"], "variants": [{"stock": 1}]},
        {"available_from": "2026-11-21", "variants": [{"stock": 1}]},
    ],
)
def test_a_file_that_is_no_reward_publishes_nothing(
    app: Flask, tmp_path: Path, fields: dict[str, Any]
) -> None:
    code, output = run(app, "create", a_file(tmp_path, **fields))
    assert code == 1
    assert "Traceback" not in output
    assert db.session.scalar(sa.select(sa.func.count(Reward.id))) == 0


def test_a_file_that_is_no_json_is_refused(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "reward.json"
    path.write_text("{", encoding="utf-8")
    assert run(app, "create", str(path))[0] == 1


def test_the_demo_shows_every_state_and_seeds_once(client: FlaskClient, ask: Ask) -> None:
    for _ in range(2):
        with Progress(console=Console(quiet=True)) as progress:
            demo.seed(Seeding(progress, "rewards", []))
    items = ask("?limit=100").get_json()["items"]
    assert len(items) == 8
    assert {one["state"] for one in items} == {
        "available", "upcoming", "ended", "sold_out", "tier_too_low",
    }  # fmt: skip
    assert {one["fulfilment"] for one in items} == {"pickup", "delivery"}
    assert any(one["cash_fen"] for one in items)
    for one in items:
        picture = client.get(one["pictures"][0])
        assert (picture.status_code, picture.mimetype) == (200, "image/svg+xml")
        picture.close()
