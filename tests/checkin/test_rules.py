"""What a rule may say, how it is read on a day, and the operator's commands."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from checkin import rule_book
from checkin.errors import RuleNotAllowed
from checkin.rule_file import TermsSchema
from checkin.streaks import DAY, Cycle, CycleKind
from checkin.terms import (
    FIRST_TERMS,
    MakeUpTerms,
    StreakMilestone,
    Terms,
    TotalMilestone,
    check_terms,
    terms_from_json,
)
from miniprogram_api.core.db import db, transaction
from points_mall.grants.rewards import Reward
from tests.builders import shanghai
from tests.together import all_at_once

from .conftest import at, enrol, points, terms, was_there

TODAY = date(2026, 11, 21)
ROLLING = Cycle(CycleKind.ROLLING, 7)
DAILY = (points(1),)
NOBODY_PAYS = MakeUpTerms(points_cost=None, accepts_cards=False)


@pytest.fixture
def shop(app: Flask) -> Flask:
    at(shanghai("2026-11-21 09:00"))
    return app


def test_the_first_rule_fits_together_and_survives_being_spelt() -> None:
    check_terms(FIRST_TERMS)
    spelt = json.loads(json.dumps(FIRST_TERMS.as_json()))
    assert terms_from_json(TermsSchema().load(spelt)) == FIRST_TERMS


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Terms(Cycle(CycleKind.ROLLING), DAILY), "rolling cycle has"),
        (Terms(Cycle(CycleKind.WEEKLY, 7), DAILY), "no number of days of its own"),
        (Terms(ROLLING, ()), "daily rewards"),
        (Terms(Cycle(CycleKind.WEEKLY), DAILY * 8), "daily rewards"),
        (Terms(ROLLING, DAILY, (StreakMilestone(8, points(1)),)), "within the cycle"),
        (Terms(ROLLING, DAILY, (StreakMilestone(3, points(1)),) * 2), "named twice"),
        (Terms(ROLLING, DAILY, (StreakMilestone(3, ()),)), "without rewards"),
        (Terms(ROLLING, DAILY, (), (TotalMilestone(32, "month", points(1)),)), "between 1 and 31"),
        (Terms(ROLLING, DAILY, (), (TotalMilestone(1, "year", points(1)),)), "'year'"),
        (Terms(ROLLING, (points(1) + points(2),)), "same thing twice"),
        (Terms(ROLLING, DAILY, make_up=NOBODY_PAYS), "must be paid"),
        (Terms(ROLLING, DAILY, make_up=MakeUpTerms(points_cost=-1)), "less than nothing"),
        (Terms(ROLLING, DAILY, make_up=MakeUpTerms(days_back=400)), "days back"),
    ],
)
def test_a_rule_that_does_not_fit_together_is_refused(rule: Terms, why: str) -> None:
    with pytest.raises(RuleNotAllowed, match=why):
        check_terms(rule)


def test_the_newest_version_of_the_latest_day_is_in_force(shop: Flask) -> None:
    for amount, days in ((10, 5), (20, 2), (30, 5), (40, 2)):
        rule_book.publish(terms(daily=(amount,)), TODAY + days * DAY)
    versions = [rule_book.in_force(db.session(), TODAY + n * DAY).version for n in (0, 2, 4, 5, 9)]
    assert versions == [1, 5, 5, 4, 4]


def test_a_new_shop_has_the_first_rule_before_anything_is_written(shop: Flask) -> None:
    assert rule_book.in_force(db.session(), TODAY).terms == FIRST_TERMS
    assert list(rule_book.versions(db.session())) == []


def test_many_first_check_ins_write_the_first_rule_once(shop: Flask) -> None:
    def first() -> None:
        with transaction() as session:
            rule_book.ensure_first_rule(session)

    answers = all_at_once(shop, [first] * 12)
    assert answers == [None] * 12
    assert [row.version for row in rule_book.versions(db.session())] == [1]


# ------------------------------------------------------------------ commands


def run(app: Flask, args: Sequence[str | Path]) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["checkin", "rules", *map(str, args)])
    return done.exit_code, done.output


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rule.json"
    path.write_text(text)
    return path


def test_the_example_is_a_rule_that_can_be_set(shop: Flask, tmp_path: Path) -> None:
    _, example = run(shop, ["example"])
    code, told = run(shop, ["set", written(tmp_path, example), "--json"])
    assert (code, json.loads(told)) == (0, {"version": 2, "effective_on": "2026-11-22"})
    code, told = run(shop, ["show", "--json"])
    assert json.loads(told)["version"] == 1
    code, told = run(shop, ["show", "--all", "--json"])
    assert [one["version"] for one in json.loads(told)] == [2, 1]


def test_a_rule_from_a_begun_day_is_refused_by_the_command(shop: Flask, tmp_path: Path) -> None:
    was_there(enrol()[0], TODAY)
    file = written(tmp_path, json.dumps(FIRST_TERMS.as_json()))
    for day in ("2026-11-20", "2026-11-21"):
        code, told = run(shop, ["set", file, "--effective-on", day])
        assert (code, "has begun" in told) == (1, True)
    assert run(shop, ["show", "--all", "--json"]) == (0, "[]\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ("[]", "Invalid input"),
        ("{}", "Missing data"),
        (json.dumps({**FIRST_TERMS.as_json(), "colour": "red"}), "colour"),
        (json.dumps({**FIRST_TERMS.as_json(), "daily": [[{"kind": "points", "amount": 0}]]}), "1"),
        (json.dumps(Terms(ROLLING, ((Reward("moon_rock", 1),),)).as_json()), "moon_rock"),
        (json.dumps(Terms(ROLLING, ((Reward("make_up_card", 101),),)).as_json()), "1 to 100"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(
    shop: Flask, tmp_path: Path, text: str, why: str
) -> None:
    code, told = run(shop, ["set", written(tmp_path, text)])
    assert code == 1
    assert why in told
    assert list(rule_book.versions(db.session())) == []


def test_a_rule_to_come_is_withdrawn_by_command(shop: Flask, tmp_path: Path) -> None:
    _, example = run(shop, ["example"])
    run(shop, ["set", written(tmp_path, example)])
    assert run(shop, ["withdraw", "2"]) == (0, "已撤回 withdrawn: 2\n")
    code, told = run(shop, ["withdraw", "2"])
    assert (code, "version 2 begins" in told) == (1, True)
    _, told = run(shop, ["show", "--all", "--json"])
    assert [(one["version"], one["is_withdrawn"]) for one in json.loads(told)] == [
        (2, True), (1, False),
    ]  # fmt: skip
