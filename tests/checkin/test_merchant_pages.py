"""签到规则: a week is drawn while somebody types, and a new rule begins on a day to come."""

from datetime import date

import pytest
from flask import Flask

from checkin import rule_book
from checkin.merchant_editing import preview
from checkin.merchant_form import form_of, read
from checkin.streaks import Cycle, CycleKind
from checkin.terms import FIRST_TERMS, MakeUpTerms, StreakMilestone, Terms, TotalMilestone
from miniprogram_api.core.clock import clock, today
from miniprogram_api.core.db import db
from miniprogram_api.merchant.forms import Form
from points_mall.grants.rewards import Reward
from tests.builders import shanghai
from tests.editor_forms import opened
from tests.office import Clerk, acts_count, acts_of

PAGE, EDIT = "/admin/check-in", "/admin/check-in/edit"
SATURDAY = shanghai("2026-11-21 10:00")


@pytest.fixture
def clerk(app: Flask) -> Clerk:
    """An editor on a Saturday, in a shop that never published a rule."""
    clock.set(SATURDAY)
    return Clerk(app, "editor")


def points(amount: int) -> tuple[Reward, ...]:
    return (Reward("points", amount),)


def versions() -> list[int]:
    db.session.rollback()
    return [row.version for row in rule_book.versions(db.session())]


MANY = Terms(
    Cycle(CycleKind.MONTHLY),
    (points(1), (), (Reward("points", 2), Reward("make_up_card", 1, None, 30))),
    (StreakMilestone(7, points(70)),),
    (TotalMilestone(1, "ever", points(9)), TotalMilestone(20, "month", points(80))),
    MakeUpTerms(3, 1, None, before_joining=False),
)


@pytest.mark.parametrize("terms", [FIRST_TERMS, MANY])
def test_the_form_of_a_rule_means_that_rule(app: Flask, terms: Terms) -> None:
    assert read(form_of(terms.as_json())) == terms


def test_the_rule_of_a_new_shop_is_shown_and_edited_before_there_is_a_version(clerk: Clerk) -> None:
    assert "一直" in clerk.get(PAGE).text
    fields = opened(clerk, EDIT)
    assert (fields["base"], fields["daily-6-amount"], fields["when-starts"]) == (
        "1", "30", "2026-11-22",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cycle-kind": "yearly"}, "只能是：weekly, monthly, rolling, endless"),
        ({"cycle-days": ""}, "滚动周期须为 1 到 366 天"),
        ({"cycle-days": "0"}, "须在 1 到 366 之间"),
        ({"cycle-days": "367"}, "须在 1 到 366 之间"),
        ({"cycle-days": "6"}, "每日奖励须在第 1 到第 6 天，不能到第 7 天"),
        ({"daily-0-day": "2"}, "第 1 天没有奖励"),
        ({"daily-0-day": "一"}, "请填整数"),
        ({"daily-0-amount": "0"}, "须在 1 到 1000000000 之间"),
        ({"daily-0-amount": ""}, "请填写"),
        ({"daily-1-day": "1"}, "同一天（或同一里程碑）里有重复的奖励"),
        ({"daily-0-kind": "gold"}, "没有“gold”这种奖励"),
        ({"daily-0-item": "x"}, "这种奖励只有一种"),
        ({"daily-0-valid_days": "3651"}, "须在 1 到 3650 之间"),
        ({"milestones-0-of": "year"}, "只能是：streak, month, ever"),
        ({"milestones-0-days": "8"}, "连续签到的里程碑须在一个周期之内：1 到 7 天，不是 8"),
        ({"milestones-3-days": "32"}, "累计天数须在 1 到 31 之间，不是 32"),
        ({"make_up-days_back": "367"}, "须在 0 到 366 之间"),
        ({"make_up-per_month": ""}, "请填写"),
        ({"make_up-points_cost": "", "make_up-accepts_cards": "false"}, "补签须花积分或补签卡"),
        ({"when-starts": "2026-11-20"}, "签到规则最早从明天起改变"),
        ({"when-starts": "soon"}, "请填日期"),
        ({"reason": " "}, "请填写"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_moves(
    clerk: Clerk, changed: dict[str, str], said: str
) -> None:
    answer = clerk.post(f"{EDIT}/publish", **opened(clerk, EDIT) | {"reason": "try"} | changed)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert (versions(), acts_count()) == ([], 0)


def test_a_rule_begins_on_the_day_that_was_chosen(clerk: Clerk) -> None:
    new = {"daily-0-amount": "8", "reason": "新年", "when-starts": "2027-01-01"}
    answer = clerk.post(f"{EDIT}/publish", **opened(clerk, EDIT) | new)
    assert answer.headers["Location"] == f"{PAGE}?told=scheduled"
    assert versions() == [2, 1]
    assert rule_book.in_force(db.session(), today()).terms == FIRST_TERMS
    then = rule_book.in_force(db.session(), date(2027, 1, 1))
    assert then.terms.daily[:2] == (points(8), points(5))
    ((_who, subject, before, after, why),) = acts_of("checkin_rule.publish")
    assert (subject, why) == ("checkin_rule:2", "新年")
    assert before["terms"] == FIRST_TERMS.as_json()
    assert after["terms"]["daily"][0] == [{"kind": "points", "amount": 8}]


def test_a_colleagues_rule_is_not_written_over(clerk: Clerk) -> None:
    mine = opened(clerk, EDIT) | {"reason": "mine", "daily-0-amount": "6"}
    theirs = Clerk(clerk.app, "manager")
    theirs.post(f"{EDIT}/publish", **mine | {"daily-0-amount": "7"})
    answer = clerk.post(f"{EDIT}/publish", **mine)
    assert answer.status_code == 409
    row = '每日奖励 1 · 数量</td><td class="wide-word">7</td><td class="wide-word">6</td>'
    assert row in answer.text
    assert versions() == [2, 1]


def test_a_week_is_drawn_with_its_milestones(clerk: Clerk) -> None:
    shown = clerk.post(f"{EDIT}/preview", **opened(clerk, EDIT) | {"daily-2-amount": "11"}).text
    text = " ".join(shown.split())
    assert text.count('class="strip-day') == 7
    assert text.count("strip-milestone") == 3  # the first day, the third, the seventh
    assert "第3天" in text
    assert "<b>+11<br></b>" in text
    assert "连续 3天<br>+10" in text
    assert versions() == []


def test_the_cost_of_a_week_counts_days_streaks_and_totals(clerk: Clerk) -> None:
    shown = preview(FIRST_TERMS, Form())
    assert shown["first_week"] == 5 + 5 + 10 + 10 + 15 + 15 + 30 + 10 + 50
    assert 150 < shown["steady_week"] <= 150 + 40  # and 160 in a month for 15 and 25 days
    plain = Terms(Cycle(CycleKind.ENDLESS), (points(2),))
    assert (preview(plain, Form())["steady_week"], preview(plain, Form())["others"]) == (14, [])


def test_a_preview_says_what_is_missing(clerk: Clerk) -> None:
    fields = opened(clerk, EDIT) | {"milestones-1-days": "x"}
    shown = clerk.post(f"{EDIT}/preview", **fields).text
    assert "<strong>里程碑 2 · 天数</strong>：请填整数" in shown


def test_what_people_typed_is_shown_as_text(clerk: Clerk) -> None:
    evil = "<script>alert(1)</script>"
    fields = opened(clerk, EDIT) | {"daily-0-item": evil, "reason": evil, "when-starts": evil}
    assert "<script>alert" not in clerk.post(f"{EDIT}/publish", **fields).text
    clerk.post(f"{EDIT}/draft", **fields)
    for path in (PAGE, EDIT):
        assert "<script>alert" not in clerk.get(path).text


@pytest.mark.parametrize("path", ["", "/edit", "/compare"])
def test_a_cashier_sees_nothing_of_it(clerk: Clerk, path: str) -> None:
    assert Clerk(clerk.app, "cashier").get(f"{PAGE}{path}").status_code == 403


@pytest.mark.parametrize("act", ["preview", "draft", "discard", "publish"])
def test_nothing_is_taken_from_a_foreign_page(clerk: Clerk, act: str) -> None:
    fields = opened(clerk, EDIT) | {"reason": "x"}
    assert clerk.post(f"{EDIT}/{act}", proof=False, **fields).status_code == 403
    assert (versions(), acts_count()) == ([], 0)


def test_a_rule_that_was_withdrawn_never_begins(clerk: Clerk) -> None:
    new = {"daily-0-amount": "8", "reason": "新年", "when-starts": "2027-01-01"}
    clerk.post(f"{EDIT}/publish", **opened(clerk, EDIT) | new)
    answer = clerk.post(f"{PAGE}/withdraw", version="2", base="2", reason="改期")
    assert answer.headers["Location"] == f"{PAGE}?told=withdrawn"
    assert rule_book.in_force(db.session(), date(2027, 1, 1)).terms == FIRST_TERMS
    found = rule_book.from_day_on(db.session(), today(), date(2027, 2, 1))
    assert [rule.version for rule in found] == [1]
    assert versions() == [2, 1]
    ((_who, subject, before, after, why),) = acts_of("checkin_rule.withdraw")
    assert (subject, why) == ("checkin_rule:2", "改期")
    assert (before["version"], after["version"]) == (2, 1)
