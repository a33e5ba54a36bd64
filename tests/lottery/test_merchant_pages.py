"""The merchant's pages of wheels: a wheel is prepared, published as a version, watched and closed."""

import csv
import io
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from lottery.models import Wheel, WheelPrize, WheelVersion
from lottery.terms import PrizeTerms
from miniprogram_api.core.db import db
from miniprogram_api.merchant.drafts import draft_of
from points_mall.tiers.ladder import tiers
from tests.form_shown import form_shown
from tests.office import Clerk, acts_count, acts_of

from .conftest import THANKS, all_is_right, enrol, only, points_prize, spins, wheel_of

EARS = PrizeTerms("耳机", "reward", 10, value_fen=29900, stock=5, fulfilment="pickup", code="ears")
THANKS_990 = PrizeTerms("谢谢参与", "nothing", 990, code="thanks", is_consolation=True)
FORM: dict[str, str] = {
    "title": "双十二转盘",
    "opens_at": "2026-11-20T10:00",
    "weight_total": "1000",
    "points_cost": "10",
    "free_draws_per_day": "1",
    "min_tier": "regular",
    "prizes-0-name": "空气炸锅",
    "prizes-0-kind": "reward",
    "prizes-0-weight": "1",
    "prizes-0-value_fen": "299.50",
    "prizes-0-stock": "2",
    "prizes-0-fulfilment": "delivery",
    "prizes-1-name": "谢谢参与",
    "prizes-1-kind": "nothing",
    "prizes-1-weight": "999",
    "prizes-1-is_consolation": "true",
    "reason": "双十二活动",
}
NEW = "/admin/wheels/new-0123456789ab/edit"


@pytest.fixture
def zhou(app: Flask) -> Clerk:
    return Clerk(app, "editor")


def filled(**changed: str) -> dict[str, str]:
    return {**FORM, "min_tier": tiers()[0].code, **changed}


def moved() -> tuple[int, ...]:
    db.session.rollback()
    counted = (Wheel, WheelVersion, WheelPrize)
    return (
        *(db.session.scalar(sa.select(sa.func.count(one.id))) or 0 for one in counted),
        acts_count(),
    )


def test_a_new_wheel_is_published_and_draws(app: Flask, zhou: Clerk) -> None:
    answer = zhou.post(f"{NEW}/publish", **filled(), revision="0", base="")
    assert (answer.status_code, answer.location) == (303, "/admin/wheels/1?told=published")
    prize = db.session.scalars(sa.select(WheelPrize).order_by(WheelPrize.position)).first()
    assert prize is not None
    assert (prize.name, prize.value_fen, prize.code, prize.weight) == ("空气炸锅", 29950, "p1", 1)
    ((who, subject, before, after, why),) = acts_of("wheel.publish")
    assert (who, subject, before, why) == ("staff:the-editor", "wheel:1", None, "双十二活动")
    assert after["prizes"][0]["value_fen"] == 29950
    spins(enrol()[0], 1, 1)
    page = zhou.get("/admin/wheels/1").text
    assert "双十二转盘" in page
    assert "已发布" in zhou.get("/admin/wheels/1?told=published").text
    db.session.rollback()
    all_is_right()


@pytest.mark.parametrize(
    ("field", "typed", "at", "said"),
    [
        ("title", "", "title", "请填写"),
        ("title", "名" * 65, "title", "最长 64"),
        ("opens_at", "", "opens_at", "请填写"),
        ("opens_at", "昨天", "opens_at", "请填时间"),
        ("closes_at", "2026-11-20T10:00", "closes_at", "结束须晚于开始"),
        ("weight_total", "999", "weight_total", "合计 1,000，应等于总权重 999"),
        ("weight_total", "十", "weight_total", "请填整数"),
        ("points_cost", "-1", "points_cost", "须在 0 到"),
        ("daily_limit", "0", "daily_limit", "须在 1 到"),
        ("total_limit", "1000001", "total_limit", "须在 1 到"),
        ("new_member_days", "3651", "new_member_days", "须在 1 到 3650"),
        ("guarantee_nth", "1", "guarantee_nth", "须在 2 到 10000"),
        ("guarantee_nth", "5", "guarantee_nth", "保底次数与保底奖品须同时设置"),
        ("min_tier", "diamonds", "min_tier", "只能是"),
        ("prizes-0-name", "", "prizes-0-name", "请填写"),
        ("prizes-0-weight", "-1", "prizes-0-weight", "须在 0 到"),
        ("prizes-0-weight", "1.5", "prizes-0-weight", "请填整数"),
        ("prizes-0-value_fen", "50000.01", "prizes-0-value_fen", "不得超过 50,000 元"),
        ("prizes-0-value_fen", "", "prizes-0-value_fen", "实物须写明价值"),
        ("prizes-0-value_fen", "1.234", "prizes-0-value_fen", "请填"),
        ("prizes-0-stock", "100001", "prizes-0-stock", "须在 0 到 100000"),
        ("prizes-0-stock", "", "prizes-0-stock", "实物须写明数量"),
        ("prizes-0-fulfilment", "", "prizes-0-fulfilment", "实物须选领取方式"),
        ("prizes-0-expires_days", "30", "prizes-0-expires_days", "没有有效期"),
        ("prizes-1-is_consolation", "false", "prizes", "须指定一个不限量的安慰奖"),
        ("prizes-1-stock", "5", "prizes-1-stock", "不限数量"),
    ],
)
def test_what_cannot_be_drawn_is_refused_where_it_is_typed(
    app: Flask, zhou: Clerk, field: str, typed: str, at: str, said: str
) -> None:
    before = moved()
    answer = zhou.post(f"{NEW}/publish", **filled(**{field: typed}), revision="0", base="")
    assert answer.status_code == 422
    assert said in answer.text
    assert f'name="{at}"' in answer.text or at == "prizes"
    assert "双十二活动" in answer.text  # the reason, as it was typed
    assert moved() == before


def test_a_prize_at_the_legal_cap_is_taken(app: Flask, zhou: Clerk) -> None:
    typed = filled(**{"prizes-0-value_fen": "50000"})
    assert zhou.post(f"{NEW}/publish", **typed, revision="0", base="").status_code == 303


def test_without_a_reason_nothing_is_published(app: Flask, zhou: Clerk) -> None:
    before = moved()
    answer = zhou.post(f"{NEW}/publish", **filled(reason=""), revision="0", base="")
    assert answer.status_code == 422
    assert "请写明原因" in answer.text
    assert moved() == before


def test_a_wheel_of_unknown_coupons_is_refused_in_the_form(app: Flask, zhou: Clerk) -> None:
    typed = filled(**{"prizes-0-kind": "coupon", "prizes-0-amount": "1", "prizes-0-item": "none",
                      "prizes-0-fulfilment": "", "prizes-0-value_fen": "0"})  # fmt: skip
    before = moved()
    answer = zhou.post(f"{NEW}/publish", **typed, revision="0", base="")
    assert answer.status_code == 422
    assert "空气炸锅" in answer.text
    assert moved() == before


def shown_form(zhou: Clerk, wheel_id: int) -> dict[str, str]:
    return form_shown(zhou.get(f"/admin/wheels/{wheel_id}/edit").text)


def test_a_wheel_that_is_published_as_it_was_shown_is_the_same_wheel(
    app: Flask, zhou: Clerk
) -> None:
    wheel = wheel_of(EARS, THANKS_990, rules_zh="每天一次")
    sent = shown_form(zhou, wheel) | {"reason": "再发布"}
    assert zhou.post(f"/admin/wheels/{wheel}/edit/publish", **sent).status_code == 303
    (_who, subject, before, after, why) = acts_of("wheel.publish")[0]
    assert (subject, why) == (f"wheel:{wheel}", "再发布")
    assert before == after
    assert "两个版本相同" in zhou.get(f"/admin/wheels/{wheel}/compare?from=1&to=2").text
    all_is_right()


def test_a_change_is_a_new_version_and_earlier_draws_keep_theirs(app: Flask, zhou: Clerk) -> None:
    wheel = only(points_prize(5))
    spins(enrol()[0], wheel, 2)
    sent = shown_form(zhou, wheel) | {
        "prizes-0-name": "六积分",
        "prizes-0-amount": "6",
        "reason": "涨",
    }
    answer = zhou.post(f"/admin/wheels/{wheel}/edit/publish", **sent)
    assert answer.status_code == 303
    page = zhou.get(f"/admin/wheels/{wheel}/compare").text
    assert "5积分" in page
    assert "六积分" in page
    db.session.rollback()
    all_is_right()


def test_a_new_prize_never_inherits_the_units_of_one_that_was_removed(
    app: Flask, zhou: Clerk
) -> None:
    wheel = wheel_of(
        PrizeTerms("a", "points", 1, 5, stock=3),
        PrizeTerms("b", "points", 1, 5, stock=3),
        PrizeTerms("thanks", "nothing", 1, is_consolation=True),
    )
    sent = shown_form(zhou, wheel)
    sent = {name: value for name, value in sent.items() if not name.startswith("prizes-1-")}
    sent |= {"prizes-3-name": "c", "prizes-3-kind": "points", "prizes-3-weight": "1",
             "prizes-3-amount": "5", "prizes-3-stock": "9", "reason": "换奖品"}  # fmt: skip
    assert zhou.post(f"/admin/wheels/{wheel}/edit/publish", **sent).status_code == 303
    query = (
        sa.select(WheelPrize.name, WheelPrize.code)
        .join(WheelVersion, WheelVersion.id == WheelPrize.version_id)
        .where(WheelVersion.version == 2)
        .order_by(WheelPrize.position)
    )
    assert list(map(tuple, db.session.execute(query))) == [
        ("a", "p1"),
        ("thanks", "p3"),
        ("c", "p4"),
    ]
    all_is_right()


def test_what_was_won_is_never_taken_away(app: Flask, zhou: Clerk) -> None:
    wheel = only(points_prize(5, stock=2, code="five"))
    spins(enrol()[0], wheel, 2)
    sent = shown_form(zhou, wheel) | {"prizes-0-stock": "1", "reason": "减"}
    before = moved()
    answer = zhou.post(f"/admin/wheels/{wheel}/edit/publish", **sent)
    assert answer.status_code == 422
    assert "剩余库存不足" in answer.text
    assert moved() == before


def test_of_two_who_edit_one_wheel_the_later_is_shown_both(app: Flask, zhou: Clerk) -> None:
    wheel = wheel_of(EARS, THANKS_990)
    mine = shown_form(zhou, wheel) | {"title": "我的", "reason": "甲"}
    theirs = shown_form(zhou, wheel) | {"title": "他的", "reason": "乙"}
    assert zhou.post(f"/admin/wheels/{wheel}/edit/publish", **theirs).status_code == 303
    before = moved()
    for act in ("publish", "draft"):
        answer = zhou.post(f"/admin/wheels/{wheel}/edit/{act}", **mine)
        assert answer.status_code == 409
        assert "我的" in answer.text
        assert "他的" in answer.text
    assert moved() == before


def test_a_draft_is_kept_shown_to_colleagues_and_gone_when_it_is_published(
    app: Flask, zhou: Clerk
) -> None:
    kept = zhou.post(f"{NEW}/draft", **filled(), revision="0", base="")
    assert kept.location == f"{NEW}?told=draft"
    assert "双十二转盘" in Clerk(app, "owner").get("/admin/wheels").text
    stale = zhou.post(f"{NEW}/draft", **filled(title="旧的"), revision="0", base="")
    assert stale.status_code == 409
    assert zhou.post(f"{NEW}/publish", **filled(), revision="1", base="").status_code == 303
    assert draft_of("wheel", "new-0123456789ab") is None
    assert zhou.post(f"{NEW}/draft", **filled(), revision="0", base="").status_code == 303
    assert zhou.post(f"{NEW}/discard", revision="1").location == "/admin/wheels?told=discarded"
    assert [act for act in ("wheel.draft", "wheel.discard_draft") if not acts_of(act)] == []


def test_the_preview_tells_odds_sums_and_costs_and_writes_nothing(app: Flask, zhou: Clerk) -> None:
    before = moved()
    page = zhou.post(f"{NEW}/preview", **filled(), **{"try-planned": "1000"}).text
    assert "0.1%" in page
    assert "约 1,000 抽 1 次" in page
    assert "¥0.30" in page  # 299.50 yuan in a thousand draws
    assert "92.0%" in page  # at most two in a thousand draws
    assert 'id="odds-1" hx-swap-oob="true">99.9%' in page
    wrong = zhou.post(f"{NEW}/preview", **filled(weight_total="2000")).text
    assert "权重合计" in wrong
    empty = zhou.post(f"{NEW}/preview", title="x")
    assert empty.status_code == 200
    assert moved() == before


@pytest.mark.parametrize("typed", ["", "1e999999999", "9" * 40, "一", "-5", "1/3"])
def test_the_preview_bears_whatever_is_typed(app: Flask, zhou: Clerk, typed: str) -> None:
    names = ("weight_total", "points_cost", "guarantee_nth", "prizes-0-weight", "prizes-0-stock",
             "prizes-0-value_fen", "prizes-1-amount", "prizes-1-kind", "try-planned")  # fmt: skip
    for name in names:
        assert zhou.post(f"{NEW}/preview", **filled(**{name: typed})).status_code == 200


def test_ten_thousand_draws_are_simulated_and_nothing_is_written(app: Flask, zhou: Clerk) -> None:
    before = moved()
    page = zhou.post(f"{NEW}/simulate", **filled()).text
    assert "data-chart" in page
    assert "9990" in page  # expected of the consolation
    refused = zhou.post(f"{NEW}/simulate", **filled(weight_total="1"))
    assert refused.status_code == 200
    assert "先把这些改好" in refused.text
    assert moved() == before


def test_a_wheel_is_closed_for_a_reason(app: Flask, zhou: Clerk) -> None:
    wheel = only(points_prize(5))
    refused = zhou.post(f"/admin/wheels/{wheel}/close", reason=" ", asked="close")
    assert refused.status_code == 422
    assert "请写明原因" in refused.text
    assert "data-opens-now" in refused.text
    assert acts_of("wheel.close") == []
    assert zhou.post(f"/admin/wheels/{wheel}/close", reason="库存有误").status_code == 303
    ((_who, subject, before, after, why),) = acts_of("wheel.close")
    assert (subject, why, before["closed_at"]) == (f"wheel:{wheel}", "库存有误", None)
    assert after["closed_at"] is not None
    assert "已结束" in zhou.get("/admin/wheels?state=ended").text
    page = zhou.get("/admin/wheels?state=running").text
    assert "没有符合条件的转盘" in page
    sent = {**filled(), "revision": "0", "base": "1"}
    assert zhou.post(f"/admin/wheels/{wheel}/edit/publish", **sent).status_code == 409


def test_the_list_tells_draws_and_what_was_given(app: Flask, zhou: Clerk) -> None:
    wheel = only(points_prize(5, stock=4, code="five", value_fen=100))
    spins(enrol()[0], wheel, 3)
    page = zhou.get("/admin/wheels").text
    assert "100% / 100%" in page
    assert "¥3.00 / ¥4.00" in page
    lines = list(
        csv.reader(io.StringIO(zhou.get("/admin/wheels?format=csv").text.lstrip("\ufeff")))
    )
    assert lines[1] == ["1", "测试转盘", "running", "1", "3", "3", "300", "400"]
    assert "测试转盘" in zhou.get("/admin/wheels?q=测试").text
    assert "没有符合条件" in zhou.get("/admin/wheels?q=%25").text


def test_winners_are_listed_and_exported_without_names(app: Flask, zhou: Clerk) -> None:
    wheel = only(points_prize(5))
    spins(enrol()[0], wheel, 2)
    page = zhou.get(f"/admin/wheels/{wheel}/winners").text
    assert page.count("000000000001</a>") == 2
    text = zhou.get(f"/admin/wheels/{wheel}/winners?format=csv").text
    assert text.count("\r\n") == 3
    assert "000000000001" in text


def test_names_are_shown_as_text(app: Flask, zhou: Clerk) -> None:
    evil = "<script>alert(1)</script>"
    typed = filled(title=evil, **{"prizes-0-name": evil})
    assert zhou.post(f"{NEW}/publish", **typed, revision="0", base="").status_code == 303
    pages = [zhou.get(path).text for path in ("/admin/wheels", "/admin/wheels/1",
             "/admin/wheels/1/edit")]  # fmt: skip
    pages.append(zhou.post(f"{NEW}/preview", **typed).text)
    pages.append(zhou.post(f"{NEW}/simulate", **typed).text)
    for page in pages:
        assert evil not in page
        assert "&lt;script&gt;" in page or "\\u003cscript" in page


def test_cashiers_and_foreign_forms_are_kept_out(app: Flask, zhou: Clerk) -> None:
    chen = Clerk(app, "cashier")
    wheel = only(points_prize(5))
    before = moved()
    calls: list[Any] = [chen.get("/admin/wheels"), chen.get(f"/admin/wheels/{wheel}/edit"),
                        chen.post(f"/admin/wheels/{wheel}/close", reason="x")]  # fmt: skip
    calls += [
        zhou.post(f"{NEW}/{act}", proof=False, **filled())
        for act in ("draft", "publish", "simulate")
    ]
    assert [call.status_code for call in calls] == [403] * 6
    assert moved() == before


def test_a_copy_begins_with_what_another_wheel_says(app: Flask, zhou: Clerk) -> None:
    wheel = wheel_of(EARS, THANKS_990)
    begun = zhou.get(f"/admin/wheels/new?copy={wheel}").location
    assert begun.endswith(f"/edit?copy={wheel}")
    shown = form_shown(zhou.get(begun).text)
    assert (shown["base"], shown["prizes-0-name"]) == ("", "耳机")
    assert zhou.get("/admin/wheels/new?copy=new-0123456789ab").location.endswith("/edit")
    assert zhou.get(f"{NEW}?copy=99").status_code == 404


def test_what_there_is_not_is_said_so(app: Flask, zhou: Clerk) -> None:
    wheel = only(points_prize(5))
    for path in ("99", "99/edit", "nonsense/edit", "99/winners", f"{wheel}/compare?from=7"):
        assert zhou.get(f"/admin/wheels/{path}").status_code == 404
    assert zhou.get("/admin/wheels/new").location.startswith("/admin/wheels/new-")
    assert THANKS.is_consolation


def test_a_wheel_is_chosen_by_name_until_it_is_over(app: Flask, zhou: Clerk) -> None:
    assert zhou.post(f"{NEW}/publish", **filled()).status_code == 303
    page = zhou.get(f"{NEW}").text
    assert '<optgroup label="抽奖机会"><option value="1">' in page
    assert zhou.post("/admin/wheels/1/close", reason="到此为止").status_code == 303
    assert '<optgroup label="抽奖机会">' not in zhou.get(f"{NEW}").text
