"""The versions of the ladder: what fits together, what may follow what, what a file says."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from marshmallow import ValidationError

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from points_mall.catalogue import reward_file
from points_mall.grants.errors import RewardNotAllowed
from points_mall.grants.rewards import Reward
from points_mall.tiers import ladder, ladder_file, publishing, services
from points_mall.tiers.errors import LadderNotAllowed
from points_mall.tiers.models import TierLadder
from points_mall.tiers.steps import Benefits, Tier
from points_mall.tiers.terms import FIRST_TERMS, Terms, check_terms, terms_from_json
from tests.builders import shanghai

from .conftest import NOON, bought, enrol, hear, points, small_ladder

TOMORROW = date(2026, 3, 11)
INVITED = Tier("invited", 3, "特邀会员", "Invited", "黑卡", "Black card")


def test_a_new_shop_has_a_ladder_that_fits_together() -> None:
    check_terms(FIRST_TERMS)
    assert terms_from_json(FIRST_TERMS.as_json()) == FIRST_TERMS
    assert [(tier.code, tier.entry, tier.keep) for tier in FIRST_TERMS.tiers] == [
        ("regular", 0, 0),
        ("gold", 200_000, 150_000),
        ("platinum", 1_000_000, 800_000),
        ("diamond", 5_000_000, 4_000_000),
    ]
    assert [tier.card_zh for tier in FIRST_TERMS.tiers] == ["银卡", "金卡", "白金卡", "钻石卡"]


def test_the_first_ladder_counts_since_ever_and_may_have_any_tiers(noon: None) -> None:
    now = ladder.current()
    assert (now.version, now.starts_at) == (2, ladder.SINCE_EVER)
    assert [tier.code for tier in ladder.tiers()] == ["regular", "gold", "diamond"]
    assert ladder.tier_of_rank(9).code == "diamond"
    assert ladder.tier_of_code("platinum") is None


def test_a_new_version_begins_at_the_shops_midnight(noon: None) -> None:
    terms = small_ladder(gold=(500, 300))
    new = publishing.publish(terms, TOMORROW, note="双十二", actor="cli:chen")
    assert (new.version, new.starts_at) == (3, shanghai("2026-03-11 00:00"))
    assert ladder.current().version == 2
    clock.set(shanghai("2026-03-11 00:00"))
    assert (ladder.current().version, ladder.current().terms) == (3, terms)
    kept = [(row.version, row.note) for row in publishing.all_versions()]
    assert kept == [(3, "双十二"), (2, "")]


def test_the_ladder_of_a_new_shop_is_written_down_before_the_next(app: Flask) -> None:
    clock.set(NOON)
    assert ladder.current() == ladder.FIRST_LADDER
    publishing.publish(replace(FIRST_TERMS, grace_days=7), TOMORROW)
    assert [row.version for row in publishing.all_versions()] == [2, 1]
    assert ladder.ladders()[0] == ladder.FIRST_LADDER


def _changed(**changes: Any) -> Terms:
    return replace(small_ladder(), **changes)


def _gold(**changes: Any) -> Terms:
    regular, gold, diamond = small_ladder().tiers
    return _changed(tiers=(regular, replace(gold, **changes), diamond))


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (_changed(tiers=()), "1 to 20 tiers"),
        (_changed(window_months=0), "1 to 120 months"),
        (_changed(keep_months=121), "1 to 120 months"),
        (_changed(grace_days=-1), "0 to 366 days"),
        (_gold(code="regular"), "named twice"),
        (_gold(entry=5_000, keep=100), "needs more growth than the one below"),
        (_gold(entry=0, keep=0), "needs more growth than the one below"),
        (_gold(entry=4_500, keep=4_500), "not kept by less growth"),
        (_gold(keep=1_001), "must keep one there"),
        (_gold(keep=None), "must keep one there"),
        (_gold(benefits=Benefits(discount_bp=10_000)), "a discount is"),
        (_gold(benefits=Benefits(points_multiplier_bp=-1)), "a multiplier is"),
        (_gold(upgrade_gift=points(1) + points(2)), "names the same thing twice"),
        (_changed(tiers=small_ladder().tiers[1:]), "everybody's"),
    ],
)
def test_a_ladder_that_does_not_fit_together_is_refused(noon: None, terms: Terms, why: str) -> None:
    with pytest.raises(LadderNotAllowed, match=why):
        publishing.publish(terms, TOMORROW)
    assert _versions() == [2]


def test_a_gift_that_nobody_gives_is_refused(noon: None) -> None:
    with pytest.raises(RewardNotAllowed, match="nobody gives 'castle'"):
        publishing.publish(_gold(upgrade_gift=(Reward("castle", 1),)), TOMORROW)
    assert _versions() == [2]


@pytest.mark.parametrize("act", [hear, lambda one: services.set_tier(one.member_id, "gold")])
def test_once_there_is_a_past_it_is_not_judged_anew(noon: None, act: Callable[[Any], Any]) -> None:
    (li,) = enrol()
    act(bought(li, 1, "1"))
    for day in (date(2026, 3, 10), date(2026, 3, 9)):
        with pytest.raises(LadderNotAllowed, match="from tomorrow on"):
            publishing.publish(small_ladder(), day)
    assert _versions() == [2]


def test_tiers_keep_their_ranks_and_new_ones_come_above(noon: None) -> None:
    (li,) = enrol()
    hear(bought(li, 5_000, "1"))
    regular, gold, diamond = small_ladder().tiers
    for tiers in ((regular, gold), (regular, replace(diamond, rank=1), replace(gold, rank=2))):
        with pytest.raises(LadderNotAllowed):
            publishing.publish(_changed(tiers=tiers), TOMORROW)
    assert _versions() == [2]
    publishing.publish(small_ladder(more=[INVITED]), TOMORROW)
    clock.set(NOON + timedelta(days=1))
    assert services.set_tier(li, "invited").rank == 3


def _versions() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(TierLadder.version).order_by(TierLadder.version)))


def test_a_file_says_only_what_it_must(app: Flask) -> None:
    spelt = {
        "basis": "purchases", "window_months": 6, "keep_months": 6, "grace_days": 0,
        "tiers": [
            {"code": "a", "name_zh": "甲", "name_en": "A", "card_zh": "甲卡", "card_en": "A card",
             "entry": 0, "keep": 0},
            {"code": "b", "name_zh": "乙", "name_en": "B", "card_zh": "乙卡", "card_en": "B card",
             "entry": 3, "keep": 2, "benefits": {"free_shipping": True},
             "upgrade_gift": [{"kind": "points", "amount": 5}]},
        ],
    }  # fmt: skip
    read = ladder_file.read(spelt)
    assert read.tiers == (
        Tier("a", 0, "甲", "A", "甲卡", "A card", 0, 0),
        Tier("b", 1, "乙", "B", "乙卡", "B card", 3, 2, Benefits(free_shipping=True), points(5)),
    )
    assert ladder_file.read(FIRST_TERMS.as_json()) == FIRST_TERMS


@pytest.mark.parametrize(
    "wrong",
    [
        {"basis": "love"},
        {"window_months": 0},
        {"grace_days": "30"},
        {"tiers": []},
        {"tiers": [{"code": "A!"}]},
        {"levels": 3},
    ],
)
def test_a_file_of_another_form_is_refused(app: Flask, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ladder_file.read(FIRST_TERMS.as_json() | wrong)


def test_files_of_other_features_name_tiers_of_the_ladder_in_force(noon: None) -> None:
    reward = {"title": "帆布袋", "points": 10, "fulfilment": "pickup"}
    assert reward_file.read(reward)[0].min_tier_rank == 0
    assert reward_file.read(reward | {"min_tier": "diamond"})[0].min_tier_rank == 2
    with pytest.raises(ValidationError, match="Must be one of: regular, gold, diamond"):
        reward_file.read(reward | {"min_tier": "platinum"})


def _run(app: Flask, *args: str) -> Result:
    return app.test_cli_runner().invoke(args=["tiers", "ladder", *args])


def test_the_operator_publishes_a_file(app: Flask, tmp_path: Path) -> None:
    clock.set(NOON)
    file = tmp_path / "ladder.json"
    file.write_text(_run(app, "example").output, encoding="utf-8")
    done = _run(app, "publish", str(file), "--note", "新年")
    assert (done.exit_code, done.output) == (0, "版本 version 2，自 from 2026-03-11 起生效\n")
    done = _run(app, "publish", str(file), "--starts-on", "2026-04-01", "--json")
    assert json.loads(done.output) == {"version": 3, "starts_on": "2026-04-01"}
    shown = json.loads(_run(app, "show", "--json").output)
    assert (shown["version"], shown["terms"]) == (1, FIRST_TERMS.as_json())
    everything = json.loads(_run(app, "show", "--all", "--json").output)
    assert [(one["version"], one["note"], one["starts_at"]) for one in everything] == [
        (3, "", "2026-04-01T00:00:00+08:00"),
        (2, "新年", "2026-03-11T00:00:00+08:00"),
        (1, "首个等级规则 · the first ladder", "2000-01-01T08:00:00+08:00"),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "不是 JSON"),
        ('{"basis": "amount"}', "规则格式有误"),
        (json.dumps(_gold(keep=1_001).as_json()), "等级规则有误"),
    ],
)
def test_a_file_that_is_refused_changes_nothing(
    app: Flask, tmp_path: Path, text: str, why: str
) -> None:
    clock.set(NOON)
    file = tmp_path / "ladder.json"
    file.write_text(text, encoding="utf-8")
    refused = _run(app, "publish", str(file))
    assert refused.exit_code == 1
    assert why in refused.output
    assert _versions() == []


def test_a_ladder_to_come_is_withdrawn_by_command(app: Flask, tmp_path: Path) -> None:
    clock.set(NOON)
    file = tmp_path / "ladder.json"
    file.write_text(_run(app, "example").output, encoding="utf-8")
    _run(app, "publish", str(file))
    assert _run(app, "withdraw", "2").output == "已撤回 withdrawn: 2\n"
    assert _run(app, "withdraw", "2").exit_code == 1
    assert [one.version for one in ladder.ladders()] == [1]
    everything = json.loads(_run(app, "show", "--all", "--json").output)
    assert [(one["version"], one["is_withdrawn"]) for one in everything] == [(2, True), (1, False)]
