"""The operator's commands, and the demo's rule."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from rich.progress import Progress

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.demo.seeds import Seeding
from miniprogram_api.members.models import Member
from points_mall.earning import demo, replay, rule_book
from points_mall.earning.cli import earning_cli
from points_mall.earning.example import EXAMPLE
from points_mall.earning.facts import BoughtLine
from points_mall.earning.history import past_awards
from points_mall.earning.terms import Campaign, Cap, Caps, Cashback, Rate, Terms

from .conftest import MORNING, award_rows, awarded, bought, buys, enrol, entries_of, in_force, terms


@pytest.fixture(autouse=True)
def _own_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "_histories", [past_awards])


def run(app: Flask, *args: str | Path) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(earning_cli, [str(arg) for arg in args])
    return done.exit_code, done.stdout if done.exit_code == 0 else done.output


def written(tmp_path: Path, rule: Terms | str) -> Path:
    path = tmp_path / "rule.json"
    text = rule if isinstance(rule, str) else json.dumps(rule.as_json())
    path.write_text(text, encoding="utf-8")
    return path


def versions() -> Sequence[int]:
    db.session.rollback()
    return [row.version for row in rule_book.versions(db.session())]


# ------------------------------------------------------------------ rules


def test_the_example_is_a_rule_that_can_be_published(shop: Flask, tmp_path: Path) -> None:
    _, example = run(shop, "example")
    file = written(tmp_path, example)
    code, told = run(shop, "publish", file, "--note", "开业", "--json")
    assert (code, json.loads(told)) == (
        0,
        {"version": 1, "starts_at": "2026-11-21T10:00:00+08:00"},
    )
    code, told = run(shop, "rules", "--json")
    shown = json.loads(told)
    assert (code, shown["version"], shown["note"]) == (0, 1, "开业")
    assert shown["actor"].startswith("cli:")
    assert shown["terms"] == EXAMPLE.as_json()


def test_a_rule_begins_by_the_shops_clock(shop: Flask, tmp_path: Path) -> None:
    file = written(tmp_path, terms())
    assert run(shop, "publish", file)[0] == 0
    code, told = run(shop, "publish", file, "--starts-at", "2026-12-12")
    assert (code, told) == (0, "版本 version 2，自 from 2026-12-12T00:00:00+08:00 起生效\n")
    code, told = run(shop, "publish", file, "--starts-at", "2026-11-21T10:30", "--json")
    assert json.loads(told)["starts_at"] == "2026-11-21T10:30:00+08:00"
    _, told = run(shop, "rules", "--all", "--json")
    assert [one["version"] for one in json.loads(told)] == [3, 2, 1]
    _, told = run(shop, "rules", "--all")
    assert [line[0] for line in told.splitlines()] == [" ", " ", "▶"]


def test_a_shop_without_a_rule_says_so(shop: Flask) -> None:
    code, told = run(shop, "rules")
    assert code == 1
    assert "no rule is in force" in told
    assert run(shop, "rules", "--all", "--json") == (0, "[]\n")


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("rate: 1", "not JSON"),
        ("\x00", "not JSON"),
        ('{"rate": 1}', "规则格式有误"),
        ('{"rate": {"points": 1}}', "per_fen"),
        (terms(Rate(101, 1)), "at most 100 points a fen"),
    ],
)
def test_a_wrong_rule_is_refused_and_nothing_is_saved(
    shop: Flask, tmp_path: Path, rule: Terms | str, why: str
) -> None:
    code, told = run(shop, "publish", written(tmp_path, rule))
    assert code == 1
    assert why in told
    assert versions() == []


def test_a_rule_from_the_past_is_refused(shop: Flask, tmp_path: Path) -> None:
    in_force(terms())
    code, told = run(shop, "publish", written(tmp_path, terms()), "--starts-at", "2026-11-20")
    assert code == 1
    assert "is past" in told
    assert versions() == [1]


# ------------------------------------------------------------------ explain


def test_a_purchase_is_explained_step_by_step(member: int, shop: Flask) -> None:
    in_force(
        terms(
            minimum_fen=100,
            rates={"dining": Rate(2, 100)},
            campaigns=(Campaign("double", "双倍", 20_000),),
            caps=Caps(day=Cap(80)),
            cashback=Cashback(50, 2000),
        )
    )
    lines = (BoughtLine("dining", 1990), BoughtLine("top_up", 5005))
    awarded(buys(member, 1, lines=lines, multiplier_bp=12_000))
    code, told = run(shop, "explain", "purchase:till:1")
    assert (code, told.splitlines()) == (
        0,
        [
            "purchase:till:1  2026-11-21T10:00:00+08:00",
            "规则 rule  版本 version 1",
            "dining  ¥19.90  2 积分 points / ¥1.00  ×2 double  = 80",
            "top_up  ¥50.05  不积分 earns nothing",
            "等级倍数 tier  ×1.2",
            "可得积分金额 eligible  ¥19.90（最低 minimum ¥1.00）",
            "取整 rounding  2388/25 → 95（floor）",
            "上限 cap  每日 a day 80，已用 used 0，应得 asked 95（cap）",
            "积分 points  80  达到上限，只给剩余部分 · capped: what was left of it",
            "返现 cashback  ¥0.09（0.5%，最多 at most ¥20.00）",
        ],
    )
    code, told = run(shop, "explain", "purchase:till:1", "--json")
    assert json.loads(told)["points"] == 80


def test_a_purchase_without_a_rule_is_explained_as_such(member: int, shop: Flask) -> None:
    awarded(buys(member, 1, 1990))
    code, told = run(shop, "explain", "purchase:till:1")
    assert (code, told.splitlines()) == (
        0,
        [
            "purchase:till:1  2026-11-21T10:00:00+08:00",
            "规则 rule  无 none",
            "积分 points  0  当时没有生效的规则 · no rule was in force",
        ],
    )


def test_a_purchase_that_was_not_judged_is_told_as_such(shop: Flask) -> None:
    code, told = run(shop, "explain", "purchase:till:404")
    assert code == 1
    assert "purchase:till:404" in told


# ------------------------------------------------------------------ what if


def test_what_a_draft_would_have_cost_is_told(shop: Flask, tmp_path: Path) -> None:
    anna, bert, closed = enrol(3)
    in_force(terms(), MORNING - timedelta(days=9))
    awarded(
        buys(anna, 1, 1000),
        buys(anna, 2, 1000, category="dining", occurred_at=MORNING - timedelta(days=2)),
        buys(bert, 3, 500),
        buys(closed, 4, 100),
        buys(bert, 5, 9900, occurred_at=MORNING - timedelta(days=3)),
    )
    with transaction() as session:
        session.execute(sa.update(Member).filter_by(id=closed).values(closed_at=now()))
    before = award_rows(), entries_of(anna), versions()
    draft = written(tmp_path, terms(Rate(1, 200), rates={"dining": Rate(2, 100)}))
    code, told = run(shop, "what-if", draft, "--days", "3", "--json")
    assert (code, json.loads(told)) == (
        0,
        {
            "purchases": 4,
            "members": 3,
            "points_before": 26,
            "points_after": 27,
            "cost_points": 1,
            "cashback_before_fen": 0,
            "cashback_after_fen": 0,
            "gaining": 1,
            "losing": 2,
            "gainers": [{"member_no": "000000000000", "before": 20, "after": 25}],
            "losers": [
                {"member_no": "000000000001", "before": 5, "after": 2},
                {"member_no": "000000000002", "before": 1, "after": 0},
            ],
        },
    )
    code, told = run(shop, "what-if", draft, "--days", "3", "--top", "1")
    assert (code, told.splitlines()) == (
        0,
        [
            "3 位会员 members，4 笔消费 purchases",
            "积分 points  26 → 27（+1）",
            "返现 cashback  0 → 0 分 fen",
            "受益 gain  1",
            "  000000000000  20 → 25（+5）",
            "受损 lose  2",
            "  000000000001  5 → 2（-3）",
        ],
    )
    assert (award_rows(), entries_of(anna), versions()) == before


def test_a_wrong_draft_is_refused(shop: Flask, tmp_path: Path) -> None:
    code, told = run(shop, "what-if", written(tmp_path, "{}"))
    assert code == 1
    assert "rate" in told


# ------------------------------------------------------------------ demo


def seed() -> None:
    with Progress(disable=True) as progress:
        demo.seed(Seeding(progress, "规则 · rule", []))


def test_the_demo_publishes_its_rule_once(shop: Flask) -> None:
    seed()
    seed()
    assert versions() == [1]
    clock.advance(timedelta(days=400))
    rule = rule_book.in_force(db.session(), now())
    assert rule
    assert rule.terms == EXAMPLE


def test_the_demos_rule_gives_a_point_a_yuan_and_more_on_its_days(member: int) -> None:
    seed()
    facts: dict[str, Any] = {"member_id": member}
    answers = awarded(
        bought(2190, reference="purchase:till:1", **facts),
        bought(2190, reference="purchase:till:2", category="dining", **facts),  # a Saturday
        bought(2190, reference="purchase:till:3", is_first=True, **facts),
        bought(2190, reference="purchase:till:4", category="gift_card", **facts),
    )
    assert [earned.points for earned in answers] == [21, 65, 65, 0]
    assert [earned.cashback_fen for earned in answers] == [10, 10, 10, 0]


def test_a_version_to_come_is_withdrawn_by_command(shop: Flask, tmp_path: Path) -> None:
    file = written(tmp_path, terms())
    run(shop, "publish", file)
    run(shop, "publish", file, "--starts-at", "2026-12-12", "--note", "双十二")
    assert run(shop, "withdraw", "2", "--note", "改期") == (0, "已撤回 withdrawn: 2\n")
    code, told = run(shop, "withdraw", "1")
    assert (code, "version 1 begins" in told) == (1, True)
    _, told = run(shop, "rules", "--all", "--json")
    assert [(one["version"], one["is_withdrawn"]) for one in json.loads(told)] == [
        (2, True), (1, False),
    ]  # fmt: skip
    _, plain = run(shop, "rules", "--all")
    assert [line[0] for line in plain.splitlines()] == ["✗", "▶"]
