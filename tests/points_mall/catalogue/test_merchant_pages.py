"""The merchant's pages of rewards: put in, changed, stocked, listed, and what shoppers then see."""

import io
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from points_mall.catalogue import services
from points_mall.catalogue.models import Reward, RewardVariant, StoredPicture
from points_mall.catalogue.terms import NewVariant, RewardTerms
from points_mall.ledger import posting
from points_mall.ledger.reasons import declare
from points_mall.stock import audit as stock_audit
from points_mall.stock import remaining
from points_mall.stock.models import StockUnit
from points_mall.tiers.ladder import tiers
from tests.builders import bearer, enrolled_member, shanghai
from tests.form_shown import form_shown
from tests.office import Clerk, acts_count, acts_of

from .test_pictures import png

GIFT = declare("test_reward_gift", "测试赠送", "Test gift", counterparty="adjustment")
NEW = "/admin/rewards/new-0123456789ab/edit"
FORM = {
    "title": "保温杯",
    "summary": "双层真空",
    "points": "300",
    "cash_fen": "9.9",
    "fulfilment": "pickup",
    "position": "5",
    "is_stocked": "true",
    "is_cancellable": "false",
    "variants-0-name": "白",
    "variants-0-stock": "3",
    "variants-1-name": "黑",
    "variants-1-points": "350",
    "variants-1-stock": "0",
    "reason": "新品",
    "revision": "0",
    "base": "",
}


@pytest.fixture
def zhou(app: Flask) -> Clerk:
    return Clerk(app, "editor")


def filled(**changed: str) -> dict[str, str]:
    return {**FORM, "min_tier": tiers()[0].code, **changed}


def mug(**more: Any) -> int:
    return services.publish(RewardTerms("马克杯", 100, "pickup", **more), [NewVariant(5)])


def moved() -> tuple[Any, ...]:
    db.session.rollback()
    counted = (Reward.id, RewardVariant.id, StockUnit.pool_id, StoredPicture.name)
    counts = (db.session.scalar(sa.select(sa.func.count(one))) for one in counted)
    changed = list(db.session.scalars(sa.select(Reward.changed_at)))
    return (*counts, acts_count(), changed)


def test_a_reward_is_published_and_shoppers_see_it(
    app: Flask, zhou: Clerk, client: FlaskClient
) -> None:
    answer = zhou.post(f"{NEW}/publish", **filled())
    assert (answer.status_code, answer.location) == (303, "/admin/rewards/1?told=published")
    ((who, subject, before, after, why),) = acts_of("reward.publish")
    assert (who, subject, before, why) == ("staff:the-editor", "reward:1", None, "新品")
    assert (after["cash_fen"], after["variants"][1]) == (
        990,
        {"name": "黑", "points": 350, "stock": 0},
    )
    shown = client.get("/api/v1/rewards/1", headers=bearer(enrolled_member())).get_json()
    assert (shown["title"], shown["cash_fen"], shown["remaining"]) == ("保温杯", 990, 3)
    assert shown["is_cancellable"] is False
    assert "保温杯" in zhou.get("/admin/rewards").text
    assert list(stock_audit.everything()) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": ""}, "请填写"),
        ({"title": "名" * 65}, "最长 64"),
        ({"summary": "长" * 129}, "最长 128"),
        ({"points": "0"}, "须在 1 到 1000000000"),
        ({"points": "1000000001"}, "须在 1 到 1000000000"),
        ({"points": "一百"}, "请填整数"),
        ({"cash_fen": "9.999"}, "请填"),
        ({"fulfilment": "drone"}, "只能是"),
        ({"min_tier": "diamonds"}, "只能是"),
        ({"allowance": "0"}, "须在 1 到"),
        ({"position": "-1"}, "须在 0 到"),
        ({"available_from": "明天"}, "请填时间"),
        ({"available_from": "2026-11-21T10:00", "available_until": "2026-11-21T10:00"},
         "结束须晚于开始"),
        ({"pictures-0-address": "http://example.com/a.png"}, "图片须是 https 地址"),
        ({"pictures-0-address": "/static/../secret"}, "图片须是 https 地址"),
        ({f"pictures-{row}-address": "/static/a.png" for row in range(10)}, "最长 9"),
        ({"variants-0-name": "黑"}, "两个规格同名"),
        ({"variants-0-name": ""}, "每个都要有名称"),
        ({"variants-0-stock": ""}, "请填写"),
        ({"variants-0-stock": "1000001"}, "须在 0 到 1000000"),
        ({"variants-1-points": "0"}, "须在 1 到"),
        ({"reason": " "}, "请写明原因"),
    ],
)  # fmt: skip
def test_what_cannot_be_offered_is_refused_and_nothing_moves(
    app: Flask, zhou: Clerk, changed: dict[str, str], said: str
) -> None:
    before = moved()
    answer = zhou.post(f"{NEW}/publish", **filled(**changed))
    assert answer.status_code == 422
    assert said in answer.text
    assert "双层真空" in answer.text or "summary" in changed
    assert moved() == before


def test_a_reward_that_is_saved_as_it_was_shown_is_the_same_reward(app: Flask, zhou: Clerk) -> None:
    clock.set(shanghai("2026-11-21 12:00:00.000123"))
    zhou = Clerk(app, "editor")
    reward = mug(available_from=shanghai("2026-11-21 10:00:05.000007"), pictures=("/static/a.png",),
                 cash_fen=1990, description="一行\n两行", allowance=2)  # fmt: skip
    before = services.terms_of(db.session.get_one(Reward, reward))
    sent = form_shown(zhou.get(f"/admin/rewards/{reward}/edit").text) | {"reason": "看看"}
    assert zhou.post(f"/admin/rewards/{reward}/edit/publish", **sent).status_code == 303
    db.session.rollback()
    assert services.terms_of(db.session.get_one(Reward, reward)) == before
    (_who, _subject, was, now_is, _why) = acts_of("reward.change")[0]
    assert was == now_is


def test_a_change_counts_at_once_and_open_orders_keep_their_terms(
    app: Flask, zhou: Clerk, client: FlaskClient
) -> None:
    reward = mug()
    member = enrolled_member()
    with transaction():
        posting.credit(member, 1000, reason=GIFT, reference="start")
    headers = {**bearer(member), "Idempotency-Key": "redeem-0001"}
    placed = client.post("/api/v1/redemptions", json={"reward_id": str(reward)}, headers=headers)
    assert placed.status_code == 201, placed.text
    edit = f"/admin/rewards/{reward}/edit"
    sent = form_shown(zhou.get(edit).text) | {"points": "250", "reason": "涨价"}
    assert zhou.post(f"{edit}/publish", **sent).location == f"/admin/rewards/{reward}?told=saved"
    (_who, subject, before, after, why) = acts_of("reward.change")[0]
    assert (subject, before["points"], after["points"], why) == (
        f"reward:{reward}",
        100,
        250,
        "涨价",
    )
    order = client.get(
        f"/api/v1/redemptions/{placed.get_json()['order_no']}", headers=bearer(member)
    )
    assert order.get_json()["points"] == 100


def test_of_two_who_edit_one_reward_the_later_is_shown_both(app: Flask, zhou: Clerk) -> None:
    edit = f"/admin/rewards/{mug()}/edit"
    mine = form_shown(zhou.get(edit).text) | {"title": "我的", "reason": "甲"}
    assert zhou.post(f"{edit}/publish", **{**mine, "title": "他的"}).status_code == 303
    before = moved()
    for act in ("publish", "draft"):
        answer = zhou.post(f"{edit}/{act}", **mine)
        assert answer.status_code == 409
        assert "我的" in answer.text
        assert "他的" in answer.text
    assert moved() == before


def test_a_draft_of_a_change_changes_nothing_for_shoppers(
    app: Flask, zhou: Clerk, client: FlaskClient
) -> None:
    reward = mug()
    edit = f"/admin/rewards/{reward}/edit"
    sent = form_shown(zhou.get(edit).text) | {"title": "新杯子"}
    assert zhou.post(f"{edit}/draft", **sent).location == f"{edit}?told=draft"
    headers = bearer(enrolled_member())
    assert client.get(f"/api/v1/rewards/{reward}", headers=headers).get_json()["title"] == "马克杯"
    assert "新杯子" in zhou.get("/admin/rewards").text
    assert form_shown(zhou.get(edit).text)["title"] == "新杯子"
    assert zhou.post(f"{edit}/discard", revision="0").status_code == 409
    assert zhou.post(f"{edit}/discard", revision="1").status_code == 303
    assert form_shown(zhou.get(edit).text)["title"] == "马克杯"


def test_stock_is_raised_and_lowered_but_owned_units_stay(app: Flask, zhou: Clerk) -> None:
    reward = mug()
    stock = f"/admin/rewards/{reward}/variants/1/stock"
    assert zhou.post(stock, by="2", reason="到货").status_code == 303
    before = moved()
    for by, why, said in (
        ("-8", "盘点", "剩余库存不足"),
        ("x", "盘点", "请填整数"),
        ("1", "", "请写明原因"),
    ):
        answer = zhou.post(stock, by=by, reason=why, asked="stock-1")
        assert answer.status_code == 422
        assert said in answer.text
        assert "data-opens-now" in answer.text
    assert (
        zhou.post(f"/admin/rewards/{reward}/variants/9/stock", by="1", reason="x").status_code
        == 404
    )
    assert moved() == before
    assert zhou.post(stock, by="-7", reason="下架").status_code == 303
    assert [act[2:] for act in acts_of("reward.stock")] == [
        ({"variant": 1, "units": 5}, {"variant": 1, "units": 7}, "到货"),
        ({"variant": 1, "units": 7}, {"variant": 1, "units": 0}, "下架"),
    ]
    remaining.forget_cached()
    assert "已兑完" in zhou.get(f"/admin/rewards/{reward}").text
    assert list(stock_audit.everything()) == []


def test_a_variant_is_added_where_all_have_names(app: Flask, zhou: Clerk) -> None:
    reward = services.publish(RewardTerms("T恤", 100, "pickup"), [NewVariant(5, "小")])
    address = f"/admin/rewards/{reward}/variants"
    for name, said in (("小", "两个规格同名"), ("", "每个都要有名称")):
        before = moved()
        answer = zhou.post(address, name=name, stock="2", reason="补", asked="variant")
        assert answer.status_code == 422
        assert said in answer.text
        assert moved() == before
    assert zhou.post(address, name="大", points="120", stock="2", reason="补码").status_code == 303
    assert acts_of("reward.variant")[0][3] == {
        "variant": 2,
        "name": "大",
        "points": 120,
        "stock": 2,
    }
    remaining.forget_cached()
    assert "大" in zhou.get(f"/admin/rewards/{reward}").text
    assert list(stock_audit.everything()) == []


def test_a_reward_is_taken_out_and_listed_again_for_a_reason(
    app: Flask, zhou: Clerk, client: FlaskClient
) -> None:
    reward = mug()
    address = f"/admin/rewards/{reward}"
    assert zhou.post(f"{address}/unlist", reason="").status_code == 422
    assert zhou.post(f"{address}/unlist", reason="缺货").status_code == 303
    headers = bearer(enrolled_member())
    assert client.get(f"/api/v1/rewards/{reward}", headers=headers).status_code == 404
    assert "马克杯" in zhou.get("/admin/rewards?shelf=unlisted").text
    assert "没有符合条件的商品" in zhou.get("/admin/rewards?shelf=listed").text
    assert zhou.post(f"{address}/list", reason="到货").status_code == 303
    assert client.get(f"/api/v1/rewards/{reward}", headers=headers).status_code == 200
    assert [(act[2], act[3], act[4]) for act in acts_of("reward.list")] == [
        ({"is_listed": True}, {"is_listed": False}, "缺货"),
        ({"is_listed": False}, {"is_listed": True}, "到货"),
    ]


def put_in(zhou: Clerk, content: bytes) -> Any:
    """Send a file as a picture; what the client wrote to a temporary file is closed with it."""
    fields = {"pictures-4-address": "https://a/b.png", "try-file": (io.BytesIO(content), "cat.exe")}
    answer = zhou.post(f"{NEW}/pictures", **fields)
    answer.request.environ["wsgi.input"].close()
    return answer


def test_a_picture_is_put_in_by_its_content(app: Flask, zhou: Clerk) -> None:
    row = put_in(zhou, png())
    assert 'name="pictures-5-address"' in row.text
    assert "/static/pictures/" in row.text
    assert len(acts_of("picture.add")) == 1
    before = moved()
    for content in (b"<svg/>", b"", b"\0" * (1024 * 1024 + 1)):
        refused = put_in(zhou, content)
        assert refused.status_code == 200
        assert "无法使用这张图片" in refused.text
    assert put_in(zhou, b"\0" * 4_000_000).status_code == 413
    assert moved() == before


def test_the_preview_bears_whatever_is_typed_and_writes_nothing(app: Flask, zhou: Clerk) -> None:
    before = moved()
    page = zhou.post(f"{NEW}/preview", **filled()).text
    assert "300 积分 + ¥9.90" in page
    for typed in ("", "x", "9" * 40, "-1"):
        for name in FORM:
            assert zhou.post(f"{NEW}/preview", **filled(**{name: typed})).status_code == 200
    assert moved() == before


def test_the_list_searches_filters_and_exports(app: Flask, zhou: Clerk) -> None:
    mug()
    assert (
        zhou.post(f"{NEW}/publish", **filled(fulfilment="delivery", title="=雨伞")).status_code
        == 303
    )
    assert "雨伞" not in zhou.get("/admin/rewards?q=马克").text
    assert "马克杯" not in zhou.get("/admin/rewards?way=delivery").text
    lines = zhou.get("/admin/rewards?format=csv").text.splitlines()
    assert lines[1].startswith("2,'=雨伞,300,990,delivery,available,3,,,,5")
    copied = form_shown(zhou.get(zhou.get("/admin/rewards/new?copy=2").location).text)
    assert (copied["title"], copied["variants-1-name"], copied["variants-1-stock"]) == (
        "=雨伞",
        "黑",
        "",
    )


def test_names_are_shown_as_text(app: Flask, zhou: Clerk) -> None:
    evil = "<script>alert(1)</script>"
    typed = filled(title=evil, summary=evil, **{"variants-0-name": "<b>x</b>"})
    assert evil not in zhou.post(f"{NEW}/preview", **typed).text
    assert zhou.post(f"{NEW}/publish", **typed).status_code == 303
    for path in ("", "/1", "/1/edit", "/new-0123456789ab/edit?copy=1"):
        page = zhou.get(f"/admin/rewards{path}").text
        assert evil not in page
        assert "<b>x</b>" not in page
        assert "&lt;script&gt;" in page


def test_cashiers_and_foreign_forms_are_kept_out(app: Flask, zhou: Clerk) -> None:
    chen = Clerk(app, "cashier")
    address = f"/admin/rewards/{mug()}"
    before = moved()
    calls = [chen.get("/admin/rewards"), chen.post(f"{address}/unlist", reason="x")]
    calls += [zhou.post(f"{address}/{act}", proof=False, reason="x", by="1", name="x", stock="1")
              for act in ("unlist", "list", "variants", "variants/1/stock", "edit/publish",
                          "edit/pictures")]  # fmt: skip
    assert [call.status_code for call in calls] == [403] * 8
    assert moved() == before
    for path in ("99", "99/edit", "x/edit"):
        assert zhou.get(f"/admin/rewards/{path}").status_code == 404
