"""会员等级: who stands where, whom a draft would move, and a ladder that begins on a day to come."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from points_mall.coupons import templates as coupon_templates
from points_mall.coupons.templates import Draft
from points_mall.coupons.terms import CouponTerms, Kind
from points_mall.coupons.validity import Span, Validity
from points_mall.tiers import ladder, publishing
from points_mall.tiers.merchant_counts import moved_by, standing_counts
from points_mall.tiers.merchant_form import form_of, read
from points_mall.tiers.services import set_tier
from points_mall.tiers.terms import FIRST_TERMS, Basis
from tests.editor_forms import opened
from tests.office import Clerk, acts_count, acts_of

from .conftest import NOON, bought, enrol, hear, small_ladder

PAGE, EDIT = "/admin/tiers", "/admin/tiers/edit"


@pytest.fixture
def clerk(app: Flask, noon: None) -> Clerk:
    """An editor in a shop with the small ladder."""
    return Clerk(app, "editor")


def versions() -> list[int]:
    db.session.rollback()
    return [row.version for row in publishing.all_versions()]


def growing(*amounts: int) -> list[int]:
    """Members who bought for so much each."""
    members = enrol(len(amounts))
    pairs = zip(members, amounts, strict=True)
    yesterday = NOON - timedelta(days=1)
    hear(*(bought(who, fen, str(who), yesterday) for who, fen in pairs if fen))
    return members


@pytest.mark.parametrize("basis", list(Basis))
def test_the_form_of_a_ladder_means_that_ladder(basis: Basis) -> None:
    small = small_ladder(basis=basis, diamond=(None, None))
    assert read(form_of(small.as_json())) == small


def test_the_ladder_of_a_new_shop_is_edited_before_there_is_a_version(app: Flask) -> None:
    assert "一直" in Clerk(app, "editor").get(PAGE).text
    assert read(form_of(FIRST_TERMS.as_json())) == FIRST_TERMS


def test_money_is_typed_in_yuan_and_shares_in_per_cent(clerk: Clerk) -> None:
    fields = opened(clerk, EDIT)
    shown = {name: fields[f"tiers-1-{name}"] for name in ("entry", "keep", "benefits-discount_bp",
             "benefits-points_multiplier_bp")}  # fmt: skip
    assert shown == {
        "entry": "10",
        "keep": "6",
        "benefits-discount_bp": "2",
        "benefits-points_multiplier_bp": "1.1",
    }
    assert (fields["gifts-0-tier"], fields["gifts-0-amount"]) == ("gold", "10")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"basis": "luck"}, "只能是：amount, purchases, points"),
        ({"window_months": "0"}, "须在 1 到 120 之间"),
        ({"window_months": "121"}, "须在 1 到 120 之间"),
        ({"keep_months": ""}, "请填写"),
        ({"grace_days": "367"}, "须在 0 到 366 之间"),
        ({"tiers-1-name_zh": ""}, "请填写"),
        ({"tiers-1-name_en": "x" * 33}, "最长 32 字"),
        ({"tiers-1-code": "Gold"}, "格式不对"),
        ({"tiers-1-entry": "10.001"}, "请填金额（元），如 19.90"),
        ({"tiers-1-entry": "50"}, "每一级的升级门槛须高于下一级"),
        ({"tiers-1-keep": "10.01"}, "“gold”的保级门槛须填写，且不高于升级门槛"),
        ({"tiers-0-entry": "1"}, "最低等级人人都有"),
        ({"tiers-1-benefits-discount_bp": "100"}, "须在 0 到 99.99 之间"),
        ({"tiers-1-benefits-points_multiplier_bp": "101"}, "须在 0 到 100 之间"),
        ({"tiers-2-code": "gold", "gifts-1-tier": "gold"}, "两个等级用了同一个代号"),
        ({"tiers-1-code": "silver", "gifts-0-tier": "silver"}, "已有的等级不能删除或换位"),
        ({"gifts-0-tier": "silver"}, "没有这个等级代号"),
        ({"gifts-0-kind": "gold_bars"}, "没有“gold_bars”这种奖励"),
        ({"gifts-0-kind": "coupon", "gifts-0-item": "none"}, "没有券模板"),
        ({"gifts-0-amount": "0"}, "须在 1 到"),
        ({"gifts-0-item": "x"}, "这种奖励只有一种"),
        ({"when-starts": "2026-03-10"}, "等级规则最早从明天起改变"),
        ({"when-starts": "soon"}, "请填日期"),
        ({"reason": ""}, "请填写"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_moves(
    clerk: Clerk, changed: dict[str, str], said: str
) -> None:
    growing(1_000)
    answer = clerk.post(f"{EDIT}/publish", **opened(clerk, EDIT) | {"reason": "try"} | changed)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert (versions(), acts_count()) == ([2], 0)


def test_a_ladder_begins_on_the_day_that_was_chosen(clerk: Clerk) -> None:
    growing(1_000)
    new: dict[str, Any] = {
        "tiers-1-entry": "8",
        "tiers-3-code": "black",
        "tiers-3-name_zh": "黑金",
        "tiers-3-name_en": "Black",
        "tiers-3-card_zh": "黑金卡",
        "tiers-3-card_en": "Black card",
        "reason": "双十二",
        "when-starts": "2026-03-20",
    }
    answer = clerk.post(f"{EDIT}/publish", **opened(clerk, EDIT) | new)
    assert answer.headers["Location"] == f"{PAGE}?told=scheduled"
    ladder.forget()
    newest = ladder.ladders()[-1]
    assert newest.starts_at.isoformat() == "2026-03-19T16:00:00+00:00"
    assert [(tier.code, tier.entry) for tier in newest.terms.tiers] == [
        ("regular", 0), ("gold", 800), ("diamond", 5_000), ("black", None),
    ]  # fmt: skip
    assert ladder.current().terms.tiers[1].entry == 1_000
    ((_who, subject, before, after, why),) = acts_of("tier_ladder.publish")
    assert (subject, why, before["version"], after["version"]) == ("tier_ladder:3", "双十二", 2, 3)
    assert "2026-03-20 00:00" in clerk.get(PAGE).text


def test_a_colleagues_ladder_is_not_written_over(clerk: Clerk) -> None:
    mine = opened(clerk, EDIT) | {"reason": "mine", "grace_days": "1"}
    theirs = Clerk(clerk.app, "manager")
    theirs.post(f"{EDIT}/publish", **mine | {"grace_days": "2"})
    answer = clerk.post(f"{EDIT}/publish", **mine)
    assert answer.status_code == 409
    assert '宽限天数</td><td class="wide-word">2</td><td class="wide-word">1</td>' in answer.text
    assert len(acts_of("tier_ladder.publish")) == 1


def test_the_members_on_each_step_are_counted_without_those_who_left(clerk: Clerk) -> None:
    _, gold, diamond, left, _ = growing(0, 1_000, 5_000, 5_000, 999)
    set_tier(gold, "gold")
    with transaction() as session:
        session.get_one(Member, left).closed_at = NOON
    assert standing_counts(db.session()) == {0: 2, 1: 1, 2: 1}
    text = " ".join(clerk.get(f"{PAGE}/standing").text.split())
    assert '<strong>至尊VIP会员</strong> <span class="muted">钻石卡</span>' in text
    assert '<progress class="progress progress-sm" value="2" max="4" aria-label="普通会员">' in text
    assert diamond


def test_an_empty_shop_has_nobody_on_any_step(clerk: Clerk) -> None:
    assert standing_counts(db.session()) == {0: 0}
    assert clerk.get(f"{PAGE}/standing").status_code == 200


def test_a_draft_tells_who_would_rise_and_who_would_fall(clerk: Clerk) -> None:
    growing(900, 1_000, 4_500, 5_000)
    moved = moved_by(db.session(), small_ladder(gold=(800, 700), diamond=(4_500, 4_000)))
    assert (moved.looked_at, moved.is_everybody) == (4, True)
    assert dict(moved.before) == {0: 1, 1: 2, 2: 1}
    assert dict(moved.after) == {1: 2, 2: 2}
    assert (moved.rising, moved.falling, moved.falling_now) == (2, 0, 0)
    harder = moved_by(db.session(), small_ladder(gold=(3_000, 2_000), diamond=(9_000, 6_000)))
    assert (harder.rising, harder.falling) == (0, 2)  # one gold, and the diamond, hold too little


def test_a_large_shop_is_judged_by_a_sample(clerk: Clerk) -> None:
    growing(*[1_000] * 30)
    moved = moved_by(db.session(), small_ladder(), most=10)
    assert (moved.looked_at, moved.is_everybody) == (10, False)
    assert dict(moved.after) == {1: 10}


def test_the_preview_draws_the_ladder_and_writes_nothing(clerk: Clerk) -> None:
    growing(900, 1_000)
    fields = opened(clerk, EDIT) | {"tiers-1-entry": "9", "tiers-1-keep": "5"}
    shown = " ".join(clerk.post(f"{EDIT}/preview", **fields).text.split())
    assert shown.count("<rect ") == 3
    assert "¥9.00 · ×1.1 · −2%" in shown
    assert '生效当天升级</dt><dd>50% <span class="muted">1</span>' in shown
    assert "全部会员：2 位" in shown
    assert versions() == [2]
    refused = clerk.post(f"{EDIT}/preview", **fields | {"tiers-1-entry": "x"}).text
    assert "<strong>等级 2 · 升级门槛</strong>：请填金额" in refused


def test_names_are_shown_as_text(clerk: Clerk) -> None:
    evil = "<script>alert(1)</script>"
    fields = opened(clerk, EDIT) | {"tiers-1-name_zh": evil, "tiers-1-card_zh": evil}
    fields |= {"reason": evil}
    growing(1_000)
    assert "<script>alert" not in clerk.post(f"{EDIT}/preview", **fields).text
    assert clerk.post(f"{EDIT}/publish", **fields).status_code == 303
    for path in (PAGE, EDIT, f"{PAGE}/standing", f"{PAGE}/compare"):
        assert "<script>alert" not in clerk.get(path).text


@pytest.mark.parametrize("path", ["", "/edit", "/compare", "/standing"])
def test_a_cashier_sees_nothing_of_it(clerk: Clerk, path: str) -> None:
    assert Clerk(clerk.app, "cashier").get(f"{PAGE}{path}").status_code == 403


def test_the_first_ladder_of_a_shop_may_begin_today(app: Flask) -> None:
    clerk = Clerk(app, "owner", lang="en")
    fields = opened(clerk, EDIT) | {"reason": "open", "grace_days": "3"}
    today = date.fromisoformat(fields["when-starts"]).toordinal() - 1
    fields["when-starts"] = date.fromordinal(today).isoformat()
    answer = clerk.post(f"{EDIT}/publish", **fields)
    assert answer.headers["Location"] == f"{PAGE}?told=published"
    ladder.forget()
    assert ladder.current().terms.grace_days == 3


def test_a_ladder_that_was_withdrawn_never_begins_and_its_new_tier_is_free_again(
    clerk: Clerk,
) -> None:
    new: dict[str, Any] = {
        "tiers-3-code": "black",
        "tiers-3-name_zh": "黑金",
        "tiers-3-name_en": "Black",
        "tiers-3-card_zh": "黑金卡",
        "tiers-3-card_en": "Black card",
        "reason": "双十二",
        "when-starts": "2026-03-20",
    }
    growing(1_000)
    clerk.post(f"{EDIT}/publish", **opened(clerk, EDIT) | new)
    answer = clerk.post(f"{PAGE}/withdraw", version="3", base="3", reason="太早了")
    assert answer.headers["Location"] == f"{PAGE}?told=withdrawn"
    assert [one.version for one in ladder.ladders()] == [2]
    ((_who, subject, before, after, why),) = acts_of("tier_ladder.withdraw")
    assert (subject, why, before["version"], after["version"]) == ("tier_ladder:3", "太早了", 3, 2)
    again = opened(clerk, EDIT) | {"grace_days": "9", "reason": "x", "when-starts": "2026-03-20"}
    assert clerk.post(f"{EDIT}/publish", **again).status_code == 303
    assert versions() == [5, 3, 2]


def test_coupons_are_chosen_by_name_and_one_that_left_stays_written(clerk: Clerk) -> None:
    terms = CouponTerms(Kind.CASH, Validity(Span.DAYS, days=30), amount_fen=500)
    coupon_templates.publish(Draft("five", "五元券", "Five yuan", terms), actor="test")
    over = Validity(Span.DATES, first_on=date(2026, 1, 1), last_on=date(2026, 1, 2))
    gone = CouponTerms(Kind.CASH, over, amount_fen=500)
    coupon_templates.publish(Draft("gone", "旧券", "Gone", gone), actor="test")
    draft = {"tiers-1-benefits-birthday_gift": "five", "tiers-2-benefits-monthly_coupon": "old50",
             "gifts-0-kind": "coupon", "gifts-0-item": "five", "gifts-0-amount": "1"}  # fmt: skip
    clerk.post(f"{EDIT}/draft", **opened(clerk, EDIT) | draft)
    page = clerk.get(EDIT).text
    assert page.count('<option value="five" selected>五元券 · five</option>') == 2
    assert '<option value="old50" selected>old50（没有这一种）</option>' in page
    assert "旧券" not in page
    kept = opened(clerk, EDIT)
    assert {name: kept[name] for name in draft} == draft
    assert clerk.post(f"{EDIT}/publish", **kept | {"reason": "x"}).status_code == 303
