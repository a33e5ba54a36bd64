"""Where members stand, who may move them, and what stands open from there."""

import json

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from miniprogram_api.members.exports import export_personal_data
from miniprogram_api.members.models import Member
from miniprogram_api.members.profile import profile_of
from points_mall.tiers import ladder, services
from points_mall.tiers.errors import TierTooLow, UnknownTier
from points_mall.tiers.models import MemberTier
from tests.builders import bearer, enrolled_member, shanghai


@pytest.fixture
def li(app: Flask) -> int:
    return enrolled_member()


def test_a_rank_is_a_place_on_the_ladder() -> None:
    assert [tier.rank for tier in ladder.LADDER] == [0, 1, 2, 3]
    assert [tier.name_zh for tier in ladder.LADDER] == [
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
    assert runner.invoke(args=["tiers", "set", "--member", number, "tin"]).exit_code == 2
    assert runner.invoke(args=["tiers", "show", "--member", "123"]).exit_code == 1
