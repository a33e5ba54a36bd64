"""积分规则: the earning rule is prepared, tried, replayed and published; of two editors the later is shown both."""

import threading
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.merchant.drafts import draft_of
from miniprogram_api.merchant.forms import Form
from points_mall.earning import merchant_editing, rule_book
from points_mall.earning.example import EXAMPLE
from points_mall.earning.merchant_form import form_of, read
from points_mall.earning.terms import Rate, Terms
from tests.editor_forms import fields_of, opened
from tests.office import Clerk, acts_count, acts_of

from .conftest import awarded, buys, enrol, in_force, terms

PAGE, EDIT = "/admin/earning", "/admin/earning/edit"


@pytest.fixture
def clerk(shop: Flask) -> Clerk:
    """An editor in a shop with the example's rule, in force as version 1."""
    rule_book.publish(EXAMPLE, note="the first")
    return Clerk(shop, "editor")


def versions() -> list[int]:
    db.session.rollback()
    return [row.version for row in rule_book.versions(db.session())]


def newest() -> Terms:
    rule = rule_book.in_force(db.session(), now())
    assert rule is not None
    return rule.terms


def test_the_form_of_a_rule_means_that_rule(clerk: Clerk) -> None:
    assert read(form_of(EXAMPLE.as_json())) == EXAMPLE
    fields = opened(clerk, EDIT)
    assert (
        clerk.post(
            f"{EDIT}/publish",
            **fields,
        ).status_code
        == 422
    )  # no reason yet
    assert clerk.post(f"{EDIT}/publish", **fields | {"reason": "same"}).status_code == 303
    assert newest() == EXAMPLE


def test_every_term_is_read_as_it_is_typed() -> None:
    form = Form(
        {
            "rate-points": "3",
            "rate-per_fen": "2.50",
            "rounding": "half_up",
            "minimum_fen": "10",
            "rates-0-category": "food",
            "rates-0-points": "1",
            "rates-0-per_fen": "0.5",
            "excluded": "gift_card，tobacco",
            "campaigns-0-code": "day",
            "campaigns-0-title": "会员日",
            "campaigns-0-multiplier_bp": "2.5",
            "campaigns-0-from_on": "2026-12-01",
            "campaigns-0-weekdays": "6,7",
            "campaigns-0-days_of_month": "8、18",
            "campaigns-0-first_purchase": "true",
            "campaigns_combine": "add",
            "caps-day-points": "500",
            "caps-day-then": "reject",
            "caps-month-then": "cap",
            "cashback-rate_bp": "0.5",
            "cashback-most_fen": "20",
        }
    )
    assert read(form).as_json() == {
        "rate": {"points": 3, "per_fen": 250},
        "rounding": "half_up",
        "minimum_fen": 1000,
        "rates": {"food": {"points": 1, "per_fen": 50}},
        "excluded": ["gift_card", "tobacco"],
        "campaigns": [
            {
                "code": "day",
                "title": "会员日",
                "multiplier_bp": 25_000,
                "from_on": "2026-12-01",
                "weekdays": [6, 7],
                "days_of_month": [8, 18],
                "first_purchase": True,
            }
        ],
        "campaigns_combine": "add",
        "caps": {"day": {"points": 500, "then": "reject"}},
        "cashback": {"rate_bp": 50, "most_fen": 2000},
    }


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"rate-points": ""}, "rate-points", "请填写"),
        ({"rate-points": "-1"}, "rate-points", "须在 0 到 1000000000 之间"),
        ({"rate-points": "1.5"}, "rate-points", "请填整数"),
        ({"rate-per_fen": "0"}, "rate-per_fen", "须在 0.01 到 1000000 之间"),
        ({"rate-per_fen": "1.001"}, "rate-per_fen", "请填金额（元），如 19.90"),
        ({"rate-points": "101", "rate-per_fen": "0.01"}, "", "每分钱最多 100 积分"),
        ({"minimum_fen": "一百"}, "minimum_fen", "请填金额（元），如 19.90"),
        ({"rounding": "up"}, "rounding", "只能是：floor, half_up, ceil"),
        ({"rates-1-category": "dining"}, "rates-1-category", "重复了"),
        ({"excluded": "dining"}, "", "分类“dining”既设了比例，又列为不积分"),
        ({"rates-0-category": "top_up"}, "", "储值不积分：不能给 top_up 设比例"),
        ({"campaigns-0-multiplier_bp": "0.5"}, "campaigns-0-multiplier_bp", "须在 1 到 100 之间"),
        ({"campaigns-0-multiplier_bp": "100.1"}, "campaigns-0-multiplier_bp", "须在 1 到 100 之间"),
        ({"campaigns-0-code": "会员日"}, "campaigns-0-code", "格式不对"),
        ({"campaigns-0-title": "x" * 65}, "campaigns-0-title", "最长 64 字"),
        ({"campaigns-1-code": "member_day"}, "", "两个活动用了同一个代号"),
        ({"campaigns-0-weekdays": "6,8"}, "campaigns-0-weekdays", "须在 1 到 7 之间"),
        ({"campaigns-0-days_of_month": "32"}, "campaigns-0-days_of_month", "须在 1 到 31 之间"),
        ({"campaigns-0-from_on": "2026-02-30"}, "campaigns-0-from_on", "请填日期，如 2026-11-21"),
        (
            {"campaigns-0-from_on": "2026-12-02", "campaigns-0-until_on": "2026-12-01"},
            "campaigns-0-until_on",
            "不能早于首日",
        ),
        ({"caps-day-points": "0"}, "caps-day-points", "须在 1 到 1000000000 之间"),
        ({"cashback-rate_bp": "100.01"}, "cashback-rate_bp", "须在 0.01 到 100 之间"),
        ({"cashback-most_fen": ""}, "cashback-most_fen", "请填写"),
        ({"when-starts": "2026-11-20T10:00"}, "", "已经过去"),
        ({"when-starts": "tomorrow"}, "", "请填时间"),
        ({"reason": ""}, "", "请填写"),
        ({"surprise": "1"}, "surprise", "不认识的字段"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands_and_nothing_moves(
    clerk: Clerk, changed: dict[str, str], field: str, said: str
) -> None:
    fields = opened(clerk, EDIT) | {"reason": "try"} | changed
    answer = clerk.post(f"{EDIT}/publish", **fields)
    assert answer.status_code == 422
    assert said in answer.text
    if field in changed and field != "surprise":
        assert f'name="{field}"' in answer.text
        assert 'aria-invalid="true"' in answer.text
    assert (versions(), acts_count()) == ([1], 0)


def test_a_refused_form_keeps_all_that_was_typed(clerk: Clerk) -> None:
    fields = opened(clerk, EDIT) | {
        "rate-points": "many",
        "minimum_fen": "12.5",
        "reason": "双十二",
        "when-starts": "2026-12-01T00:00",
        "try-amount": "250",
    }
    answer = clerk.post(f"{EDIT}/publish", **fields)
    shown = fields_of(answer.text)
    assert {name: shown[name] for name in fields} == fields


def test_a_draft_is_kept_as_it_is_typed_and_changes_nothing(clerk: Clerk) -> None:
    fields = opened(clerk, EDIT) | {"rate-points": "not yet known"}
    answer = clerk.post(f"{EDIT}/draft", **fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{EDIT}?told=draft")
    assert opened(clerk, EDIT) == fields | {"revision": "1", "reason": ""}
    assert (versions(), newest()) == ([1], EXAMPLE)
    ((actor, subject, before, after, _why),) = acts_of("earning_rule.draft")
    assert (actor, subject, before) == ("staff:the-editor", "rule", None)
    assert after["rate"]["points"] == "not yet known"


def test_publishing_makes_a_version_takes_the_draft_away_and_is_in_the_audit(clerk: Clerk) -> None:
    fields = opened(clerk, EDIT) | {"rate-points": "2", "reason": "双十二"}
    clerk.post(f"{EDIT}/draft", **fields)
    answer = clerk.post(f"{EDIT}/publish", **fields | {"revision": "1"})
    assert answer.headers["Location"] == f"{PAGE}?told=published"
    assert versions() == [2, 1]
    assert newest().rate == Rate(2, 100)
    assert draft_of("earning_rule", "rule") is None
    ((actor, subject, before, after, why),) = acts_of("earning_rule.publish")
    assert (actor, subject, why) == ("staff:the-editor", "earning_rule:2", "双十二")
    assert (before["version"], before["terms"]) == (1, EXAMPLE.as_json())
    assert (after["version"], after["terms"]["rate"]) == (2, {"points": 2, "per_fen": 100})


def test_a_version_for_later_waits_and_the_next_editor_is_told(clerk: Clerk) -> None:
    fields = opened(clerk, EDIT) | {"rate-points": "9", "reason": "later"}
    answer = clerk.post(f"{EDIT}/publish", **fields | {"when-starts": "2026-12-01T00:00"})
    assert answer.headers["Location"] == f"{PAGE}?told=scheduled"
    assert newest() == EXAMPLE
    page = clerk.get(PAGE).text
    assert "待生效" in page
    assert "2026-12-01 00:00" in page
    assert "已排定：版本 2（2026-12-01 00:00 起）" in clerk.get(EDIT).text


@pytest.mark.parametrize("act", ["draft", "publish"])
def test_who_began_before_a_colleague_published_is_shown_both(clerk: Clerk, act: str) -> None:
    mine = opened(clerk, EDIT) | {"rate-points": "5", "reason": "mine"}
    theirs = mine | {"rate-points": "4", "reason": "theirs"}
    colleague = Clerk(clerk.app, "manager")
    assert colleague.post(f"{EDIT}/publish", **theirs).status_code == 303
    answer = clerk.post(f"{EDIT}/{act}", **mine)
    assert answer.status_code == 409
    row = '积分比例 · 积分</td><td class="wide-word">4</td><td class="wide-word">5</td>'
    assert row in answer.text
    assert "the-manager" in answer.text
    assert (versions(), newest().rate) == ([2, 1], Rate(4, 100))
    assert draft_of("earning_rule", "rule") is None


def test_who_began_before_a_colleague_saved_is_shown_both_and_may_keep_theirs(clerk: Clerk) -> None:
    mine = opened(clerk, EDIT) | {"rate-points": "5"}
    colleague = Clerk(clerk.app, "manager")
    colleague.post(f"{EDIT}/draft", **mine | {"rate-points": "4"})
    answer = clerk.post(f"{EDIT}/draft", **mine)
    assert answer.status_code == 409
    assert '<input type="hidden" name="revision" value="1">' in answer.text
    assert opened(clerk, EDIT)["rate-points"] == "4"
    clerk.post(f"{EDIT}/draft", **mine | {"revision": "1"})
    assert opened(clerk, EDIT)["rate-points"] == "5"


def test_a_draft_is_thrown_away_by_who_saw_it(clerk: Clerk) -> None:
    clerk.post(f"{EDIT}/draft", **opened(clerk, EDIT))
    assert clerk.post(f"{EDIT}/discard", revision="7").status_code == 409
    assert draft_of("earning_rule", "rule") is not None
    assert clerk.post(f"{EDIT}/discard", revision="1").status_code == 303
    db.session.rollback()
    assert draft_of("earning_rule", "rule") is None


def tried(clerk: Clerk, **changed: str) -> str:
    answer = clerk.post(f"{EDIT}/preview", **opened(clerk, EDIT) | changed)
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def test_the_preview_tells_what_a_purchase_would_earn_and_why(clerk: Clerk) -> None:
    asked: dict[str, Any] = {
        "try-amount": "150.50",
        "try-tier": "gold",
        "try-on": "2026-12-18",
        "rate-points": "3",
    }
    shown = tried(clerk, **asked)
    assert "<strong>993</strong>" in shown  # 150.50 × 3 × 1.1 × 2 = 993.3
    assert "993.3 → 993" in shown
    assert "每月18日会员日双倍" in shown
    assert "×1.1" in shown
    assert "现行规则：331 分（+662）" in shown
    assert '<th scope="row">至尊VIP会员</th><td class="figure">1,354</td>' in shown


def test_the_preview_knows_first_purchases_birthdays_and_categories(clerk: Clerk) -> None:
    assert "<strong>300</strong>" in tried(clerk, **{"try-first": "true"})
    assert "<strong>200</strong>" in tried(clerk, **{"try-birthday": "true"})
    assert "<strong>200</strong>" in tried(
        clerk, **{"try-category": "dining", "try-on": "2026-12-01"}
    )
    assert "这个分类不积分" in tried(clerk, **{"try-category": "gift_card"})
    assert "未达最低消费" in tried(clerk, minimum_fen="100.01")
    assert "只给剩余部分" in tried(clerk, **{"caps-purchase-points": "7"})


def test_the_preview_says_what_is_missing_and_writes_nothing(clerk: Clerk) -> None:
    before = acts_count()
    assert "<strong>积分比例 · 积分</strong>：请填整数" in tried(clerk, **{"rate-points": "x"})
    assert "<strong>试算金额（元）</strong>：请填金额" in tried(clerk, **{"try-amount": "x"})
    assert (versions(), acts_count()) == ([1], before)


def test_the_last_days_are_replayed_under_the_form(shop: Flask) -> None:
    in_force(terms())
    one, two = enrol(2)
    awarded(buys(one, 1, 10_000), buys(two, 2, 5_000))
    clerk = Clerk(shop, "editor")
    fields = opened(clerk, EDIT) | {"rate-points": "3"}
    shown = clerk.post(f"{EDIT}/what-if", **fields).text
    assert "<strong>+300</strong>" in shown
    assert "≈ ¥3.00" in shown
    assert "<dd>150</dd>" in shown  # was given
    assert "<dd>450</dd>" in shown  # under the draft
    assert "000000000000" in shown
    assert versions() == [1]


def test_a_replay_that_takes_too_long_shows_a_part(shop: Flask) -> None:
    in_force(terms())
    awarded(*(buys(member, member, 10_000) for member in enrol(3)))
    part = merchant_editing.replayed(terms(), seconds=-1)
    assert (part.is_whole, part.found.members) == (False, 0)
    whole = merchant_editing.replayed(terms())
    assert (whole.is_whole, whole.found.members) == (True, 3)


def test_a_replay_of_a_form_that_cannot_be_says_why(clerk: Clerk) -> None:
    fields = opened(clerk, EDIT) | {"rate-points": "x"}
    assert "请填整数" in clerk.post(f"{EDIT}/what-if", **fields).text


def test_two_versions_are_compared_and_any_can_be_begun_from(clerk: Clerk) -> None:
    in_force(terms(Rate(7, 100)))
    page = clerk.get(f"{PAGE}/compare?one=1&two=2").text
    assert '积分比例 · 积分</td><td class="wide-word">1</td><td class="wide-word">7</td>' in page
    assert opened(clerk, EDIT)["rate-points"] == "7"
    assert opened(clerk, f"{EDIT}?from=1")["rate-points"] == "1"
    assert opened(clerk, f"{EDIT}?from=99")["rate-points"] == "7"


def test_a_shop_without_a_rule_is_led_to_the_first(shop: Flask) -> None:
    clerk = Clerk(shop, "editor", lang="en")
    assert "Write the first rule" in clerk.get(PAGE).text
    assert clerk.get(f"{PAGE}/compare").status_code == 200
    fields = opened(clerk, EDIT) | {"rate-points": "1", "rate-per_fen": "1", "reason": "open"}
    assert clerk.post(f"{EDIT}/publish", **fields).status_code == 303
    assert versions() == [1]


def test_the_versions_are_a_file_in_which_nothing_runs(clerk: Clerk) -> None:
    in_force(terms())
    rule_book.publish(terms(), note="=cmd()", actor="staff:li")
    lines = clerk.get(f"{PAGE}?format=csv").text.splitlines()
    assert lines[0] == "\ufeffversion,begins_at,state,note,actor,created_at,terms"
    assert lines[1].startswith("3,2026-11-21T10:00:00+08:00,running,'=cmd(),staff:li,")
    assert len(lines) == 4


def test_what_people_typed_is_shown_as_text(clerk: Clerk) -> None:
    evil = "<script>alert(1)</script>"
    rule_book.publish(terms(excluded=(evil,)), note=evil, actor=evil)
    fields = opened(clerk, EDIT) | {"rates-0-category": evil, "reason": evil, "base": evil}
    for page in (
        clerk.get(PAGE),
        clerk.get(EDIT),
        clerk.get(f"{PAGE}/compare"),
        clerk.post(f"{EDIT}/draft", **fields),
        clerk.post(f"{EDIT}/preview", **fields),
    ):
        assert "<script>alert" not in page.text


@pytest.mark.parametrize("path", ["", "/edit", "/compare"])
def test_a_cashier_sees_nothing_of_it(shop: Flask, path: str) -> None:
    assert Clerk(shop, "cashier").get(f"{PAGE}{path}").status_code == 403


@pytest.mark.parametrize("act", ["preview", "draft", "discard", "publish", "what-if"])
def test_nothing_is_taken_from_a_cashier_or_a_foreign_page(clerk: Clerk, act: str) -> None:
    fields = opened(clerk, EDIT) | {"reason": "x"}
    assert Clerk(clerk.app, "cashier").post(f"{EDIT}/{act}", **fields).status_code == 403
    assert clerk.post(f"{EDIT}/{act}", proof=False, **fields).status_code == 403
    assert (versions(), acts_count()) == ([1], 0)


def test_of_five_who_publish_at_once_one_does(clerk: Clerk) -> None:
    fields = opened(clerk, EDIT)
    people = [Clerk(clerk.app, "editor", f"editor-{number}") for number in range(5)]
    answers: list[int] = []

    def publish(person: Clerk, points: int) -> None:
        mine = fields | {"rate-points": str(points), "reason": "mine"}
        answers.append(person.post(f"{EDIT}/publish", **mine).status_code)

    threads = [
        threading.Thread(target=publish, args=(person, points))
        for points, person in enumerate(people, start=2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 409, 409, 409, 409]
    assert versions() == [2, 1]
    assert len(acts_of("earning_rule.publish")) == 1


def scheduled(clerk: Clerk) -> str:
    """A version 2 that begins in December; answer what the list was drawn from."""
    later = {"rate-points": "9", "reason": "双十二", "when-starts": "2026-12-01T00:00"}
    assert clerk.post(f"{EDIT}/publish", **opened(clerk, EDIT) | later).status_code == 303
    page = clerk.get(PAGE).text
    assert '<input type="hidden" name="version" value="2">' in page
    assert '<input type="hidden" name="base" value="2">' in page
    assert "撤回版本 2？它不会生效，到时按版本 1。" in page
    return "2"


def test_a_scheduled_version_is_withdrawn_for_a_reason(clerk: Clerk) -> None:
    base = scheduled(clerk)
    answer = clerk.post(f"{PAGE}/withdraw", version="2", base=base, reason="算错了")
    assert answer.headers["Location"] == f"{PAGE}?told=withdrawn"
    ((actor, subject, before, after, why),) = acts_of("earning_rule.withdraw")
    assert (actor, subject, why) == ("staff:the-editor", "earning_rule:2", "算错了")
    assert (before["version"], before["begins_at"]) == (2, "2026-12-01T00:00:00+08:00")
    assert (after["version"], after["terms"]) == (1, EXAMPLE.as_json())
    page = clerk.get(PAGE).text
    assert "已撤回" in page
    assert "撤回：算错了 · the-editor" in page
    assert "/withdraw" not in page
    assert "已排定" not in clerk.get(EDIT).text
    assert opened(clerk, EDIT)["rate-points"] == "1"
    assert opened(clerk, EDIT)["base"] == "3"
    assert clerk.post(f"{EDIT}/publish", **opened(clerk, EDIT) | {"reason": "x"}).status_code == 303
    assert versions() == [4, 2, 1]
    assert ",withdrawn,双十二," in clerk.get(f"{PAGE}?format=csv").text


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"reason": " "}, 422, "请写明原因"),
        ({"version": "1"}, 409, "这个版本不能撤回"),
        ({"version": "7"}, 404, "没有这个版本"),
        ({"version": "x"}, 404, "没有这个版本"),
        ({"base": "1"}, 409, "刚刚有人改过"),
    ],
)
def test_what_is_not_withdrawn_says_why_and_nothing_moves(
    clerk: Clerk, changed: dict[str, str], status: int, said: str
) -> None:
    sent = {"version": "2", "base": scheduled(clerk), "reason": "x"} | changed
    before = acts_count()
    answer = clerk.post(f"{PAGE}/withdraw", asked="withdraw-2", **sent)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert "data-opens-now" in answer.text
    assert rule_book.withdrawn(db.session()) == {}
    assert acts_count() == before


def test_who_edits_while_a_colleague_withdraws_is_shown_both(clerk: Clerk) -> None:
    base = scheduled(clerk)
    mine = opened(clerk, EDIT) | {"rate-points": "5", "reason": "mine"}
    colleague = Clerk(clerk.app, "manager")
    sent = {"version": "2", "base": base, "reason": "不做了"}
    assert colleague.post(f"{PAGE}/withdraw", **sent).status_code == 303
    answer = clerk.post(f"{EDIT}/publish", **mine)
    assert answer.status_code == 409
    assert "the-manager" in answer.text
    assert versions() == [2, 1]
    assert clerk.post(f"{PAGE}/withdraw", **sent).status_code == 409
    assert len(acts_of("earning_rule.withdraw")) == 1


def test_under_a_withdrawn_version_another_of_the_same_moment_may_wait(clerk: Clerk) -> None:
    scheduled(clerk)
    again = {"rate-points": "7", "reason": "改", "when-starts": "2026-12-01T00:00"}
    clerk.post(f"{EDIT}/publish", **opened(clerk, EDIT) | again)
    assert "撤回版本 3？它不会生效，到时按版本 2。" in clerk.get(PAGE).text
    assert clerk.post(f"{PAGE}/withdraw", version="3", base="3", reason="x").status_code == 303
    assert "撤回版本 2？它不会生效，到时按版本 1。" in clerk.get(PAGE).text
    ((_who, _subject, before, after, _why),) = acts_of("earning_rule.withdraw")
    assert (before["version"], after["version"]) == (3, 2)
