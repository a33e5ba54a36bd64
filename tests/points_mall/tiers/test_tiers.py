"""Where members stand, who may move them, and what stands open from there."""

import json

import pytest
import sqlalchemy as sa
from flask import Flask
from rich.progress import Progress

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from miniprogram_api.demo.seeds import Seeding
from miniprogram_api.members.exports import export_personal_data
from miniprogram_api.members.models import Member
from miniprogram_api.members.profile import profile_of
from points_mall.tiers import demo, ladder, services, shown
from points_mall.tiers.errors import TierTooLow, UnknownTier
from points_mall.tiers.models import MemberTier
from tests.builders import bearer, enrolled_member, shanghai

from .conftest import assert_books_agree, bought, hear


@pytest.fixture
def li(app: Flask) -> int:
    return enrolled_member()


def test_a_rank_is_a_place_on_the_ladder(app: Flask) -> None:
    assert [tier.rank for tier in ladder.tiers()] == [0, 1, 2, 3]
    assert [tier.name_zh for tier in ladder.tiers()] == [
        "普通会员", "高级会员", "VIP会员", "至尊VIP会员",
    ]  # fmt: skip
    assert ladder.tier_of_rank(99).code == "diamond"
    assert ladder.tier_of_rank(-1).code == "regular"
    assert ladder.tier_of_code("silver-spoon") is None


def test_who_was_never_moved_stands_on_the_lowest_step(li: int) -> None:
    assert services.rank_of(li) == 0
    assert profile_of(li)["tier"] == {"code": "regular", "name": "普通会员"}
    assert export_personal_data(li)["tier"] is None


def test_a_member_is_moved_and_since_tells_when(li: int) -> None:
    clock.set(shanghai("2026-11-21 10:00"))
    services.set_tier(li, "gold")
    clock.set(shanghai("2026-11-22 10:00"))
    services.set_tier(li, "gold")
    told = export_personal_data(li)["tier"]
    assert told == {"code": "gold", "since": "2026-11-21T10:00:00+08:00"}
    services.set_tier(li, "diamond")
    assert services.rank_of(li) == 3
    assert export_personal_data(li)["tier"]["since"] == "2026-11-22T10:00:00+08:00"


def test_the_profile_names_the_tier_in_the_callers_language(app: Flask, li: int) -> None:
    services.set_tier(li, "platinum")
    headers = bearer(li) | {"Accept-Language": "en"}
    told = app.test_client().get("/api/v1/members/me", headers=headers).get_json()
    assert told["tier"] == {"code": "platinum", "name": "VIP"}


def test_a_rank_lets_through_who_stands_there_or_above(li: int) -> None:
    services.require_rank(li, 0)
    services.set_tier(li, "gold")
    services.require_rank(li, 1)
    with pytest.raises(TierTooLow) as refused:
        services.require_rank(li, 2)
    assert refused.value.numbers == {"required": "platinum", "yours": "gold"}


def test_an_unknown_tier_moves_nobody(li: int) -> None:
    with pytest.raises(UnknownTier):
        services.set_tier(li, "silver-spoon")
    assert db.session.scalars(sa.select(MemberTier)).all() == []


def test_the_operator_sets_and_shows_a_tier(app: Flask, li: int) -> None:
    number = db.session.scalars(sa.select(Member.member_no).filter_by(id=li)).one()
    runner = app.test_cli_runner()
    done = runner.invoke(args=["tiers", "set", "--member", number, "gold"])
    assert done.exit_code == 0
    shown = runner.invoke(args=["tiers", "show", "--member", number])
    assert json.loads(shown.output) == {
        "code": "gold", "rank": 1, "name": "高级会员", "card": "金卡",
    }  # fmt: skip
    refused = runner.invoke(args=["tiers", "set", "--member", number, "tin"])
    assert (refused.exit_code, "没有这个会员等级" in refused.output) == (1, True)
    assert runner.invoke(args=["tiers", "show", "--member", "123"]).exit_code == 1


def test_the_operator_reads_how_a_member_came_there(app: Flask, li: int) -> None:
    clock.set(shanghai("2026-11-21 10:00"))
    number = db.session.scalars(sa.select(Member.member_no).filter_by(id=li)).one()
    runner = app.test_cli_runner()
    runner.invoke(args=["tiers", "set", "--member", number, "gold", "--why", "老顾客"])
    told = runner.invoke(args=["tiers", "history", "--member", number, "--json"])
    (line,) = json.loads(told.output)
    assert line["actor"].startswith("cli:")
    assert line | {"actor": "cli"} == {
        "code_before": "regular", "code": "gold", "reason": "manual",
        "since": "2026-11-21T10:00:00+08:00", "keep_until": "2027-11-22T00:00:00+08:00",
        "grace_until": None, "growth": 0, "ladder_version": 1, "reference": "", "actor": "cli",
        "changed_at": "2026-11-21T10:00:00+08:00",
    }  # fmt: skip
    plain = runner.invoke(args=["tiers", "history", "--member", number])
    assert "2026-11-21T10:00:00+08:00  regular → gold  manual" in plain.output
    assert runner.invoke(args=["tiers", "history", "--member", "123"]).exit_code == 1


def test_an_export_holds_growth_moves_and_history(app: Flask, li: int) -> None:
    clock.set(shanghai("2026-11-21 10:00"))
    hear(bought(li, 250_000, "1", shanghai("2026-11-20 09:00"), points=25))
    services.set_tier(li, "platinum", why="开业嘉宾")
    told = shown.export_growth(li)
    assert told["growth"] == [
        {
            "reference": "purchase:1", "amount_fen": 250_000, "purchases": 1, "points": 25,
            "occurred_at": "2026-11-20T09:00:00+08:00",
        }
    ]  # fmt: skip
    assert told["moves"] == [
        {"code": "platinum", "why": "开业嘉宾", "moved_at": "2026-11-21T10:00:00+08:00"}
    ]
    assert [one["reason"] for one in told["history"]] == ["manual", "purchase"]


def test_the_demo_has_shoppers_on_every_step(app: Flask) -> None:
    with Progress(disable=True) as progress:
        for _ in range(2):
            demo.seed(Seeding(progress, "会员等级 · tiers", []))
    tiers = db.session.execute(
        sa.select(MemberTier.code, MemberTier.grace_until.is_not(None)).order_by(MemberTier.rank)
    ).all()
    assert sorted(tuple(one) for one in tiers) == [
        ("diamond", False), ("gold", False), ("gold", True), ("platinum", False),
    ]  # fmt: skip
    assert_books_agree()
