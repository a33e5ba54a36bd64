"""The merchant's pages of flash sales: published, watched, stocked, moved and ended."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db
from miniprogram_api.merchant.forms import wall_clock
from points_mall.flash_sale.models import FlashSale, FlashSaleItem
from points_mall.flash_sale.terms import ItemTerms
from points_mall.stock.models import StockUnit
from points_mall.tiers.ladder import tiers
from tests.builders import shanghai
from tests.form_shown import form_shown
from tests.office import Clerk, acts_count, acts_of

from .conftest import HOUR, MUG, assert_books_are_clean, look_again, outcome, published, shopper

NEW = "/admin/flash-sales/new-0123456789ab/edit"
FORM = {
    "title": "周六秒杀",
    "slots-0-starts_at": "2026-11-21T13:00",
    "slots-0-ends_at": "2026-11-21T14:00",
    "items-0-title": "保温杯",
    "items-0-points_price": "100",
    "items-0-cash_fen": "19.9",
    "items-0-stock": "3",
    "items-0-allowance": "1",
    "items-0-fulfilment": "pickup",
    "items-0-reward_id": "",
    "reason": "周末活动",
    "revision": "0",
    "base": "",
}


@pytest.fixture
def zhou(app: Flask) -> Clerk:
    clock.set(shanghai("2026-11-21 12:00"))
    return Clerk(app, "editor")


@pytest.fixture
def li_dian(app: Flask) -> Clerk:
    """The same by the true clock: Redis, which claims are decided by, has no other."""
    return Clerk(app, "editor")


def filled(**changed: str) -> dict[str, str]:
    return {**FORM, "items-0-min_tier": tiers()[0].code, **changed}


def moved() -> tuple[int, ...]:
    db.session.rollback()
    counted = (FlashSale.id, FlashSaleItem.id, StockUnit.pool_id)
    counts = (db.session.scalar(sa.select(sa.func.count(one))) or 0 for one in counted)
    return (*counts, acts_count())


def sales() -> list[FlashSale]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(FlashSale).order_by(FlashSale.id)))


def test_a_sale_is_published_and_can_be_claimed(
    app: Flask, li_dian: Clerk, client: FlaskClient
) -> None:
    begins, ends = wall_clock(now() - HOUR), wall_clock(now() + HOUR)
    typed = {"slots-0-starts_at": begins, "slots-0-ends_at": ends, "items-0-cash_fen": "0"}
    answer = li_dian.post(f"{NEW}/publish", **filled(**typed))
    assert (answer.status_code, answer.location) == (303, "/admin/flash-sales/1?told=published")
    ((who, subject, before, after, why),) = acts_of("flash_sale.publish")
    assert (who, subject, before, why) == ("staff:the-editor", "flash_sale:1", None, "周末活动")
    assert (after["starts_at"][:16], after["items"][0]["stock"]) == (begins[:16], 3)
    li = shopper(client)
    claimed = client.post(
        "/api/v1/flash-sales/1/claims",
        json={"item_id": "1"},
        headers={**li.headers, "Idempotency-Key": "claim-0001"},
    )
    assert claimed.status_code == 201
    look_again()
    assert "2 / 3" in li_dian.get("/admin/flash-sales/1").text
    assert_books_are_clean(app)


def test_the_same_hours_on_several_days_are_as_many_sales(app: Flask, zhou: Clerk) -> None:
    typed = filled(days="2026-11-21, 2026-11-22", times="14:00-15:00,22:00-00:30")
    del typed["slots-0-starts_at"], typed["slots-0-ends_at"]
    assert zhou.post(f"{NEW}/publish", **typed).location == "/admin/flash-sales?told=published"
    assert [sale.starts_at for sale in sales()] == [
        shanghai("2026-11-21 14:00"),
        shanghai("2026-11-21 22:00"),
        shanghai("2026-11-22 14:00"),
        shanghai("2026-11-22 22:00"),
    ]
    assert len(acts_of("flash_sale.publish")) == 4


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": ""}, "请填写"),
        ({"title": "名" * 65}, "最长 64"),
        ({"slots-0-starts_at": ""}, "请填写"),
        ({"slots-0-ends_at": "2026-11-21T13:00"}, "每场的结束须晚于开始"),
        ({"slots-0-starts_at": "2026-11-21T10:00", "slots-0-ends_at": "2026-11-21T12:00"},
         "有一场已经过去"),
        ({"slots-0-ends_at": "2026-12-22T13:01"}, "一场最长 31 天"),
        ({"slots-1-starts_at": "2026-11-21T13:59", "slots-1-ends_at": "2026-11-21T15:00"},
         "场次不能重叠"),
        ({"days": "2026-11-21", "times": "20:00-21:00"}, "二者取一"),
        ({"times": "25:00-26:00"}, "格式不对"),
        ({"items-0-title": ""}, "请填写"),
        ({"items-0-points_price": "0"}, "须在 1 到 1000000000"),
        ({"items-0-points_price": "9.5"}, "请填整数"),
        ({"items-0-cash_fen": "-1"}, "请填"),
        ({"items-0-stock": "0"}, "须在 1 到 1000000"),
        ({"items-0-stock": "1000001"}, "须在 1 到 1000000"),
        ({"items-0-allowance": "0"}, "须在 1 到"),
        ({"items-0-min_tier": "diamonds"}, "只能是"),
        ({"items-0-fulfilment": "drone"}, "只能是"),
        ({"items-0-reward_id": "77"}, "商品不存在或已下架"),
        ({"reason": ""}, "请写明原因"),
    ],
)  # fmt: skip
def test_what_cannot_be_held_is_refused_and_nothing_moves(
    app: Flask, zhou: Clerk, changed: dict[str, str], said: str
) -> None:
    before = moved()
    answer = zhou.post(f"{NEW}/publish", **filled(**changed))
    assert answer.status_code in {404, 422}
    assert said in answer.text
    assert "保温杯" in answer.text or "items-0-title" in changed
    assert moved() == before


def test_the_preview_shows_what_the_shopper_will_see(app: Flask, zhou: Clerk) -> None:
    before = moved()
    page = zhou.post(f"{NEW}/preview", **filled()).text
    assert 'data-counts-to="2026-11-21T13:00:00+08:00"' in page
    assert "100 积分 + ¥19.90" in page
    assert "距开始" in page
    begun = zhou.post(f"{NEW}/preview", **filled(**{"slots-0-starts_at": "2026-11-21T11:00"})).text
    assert "距结束" in begun
    for typed in ("", "x", "9" * 40, "2026-02-31T10:00", "-1"):
        for name in FORM:
            assert zhou.post(f"{NEW}/preview", **filled(**{name: typed})).status_code == 200
    assert moved() == before


def test_a_sale_to_come_is_moved_and_its_stock_follows(app: Flask, zhou: Clerk) -> None:
    sale = published(MUG, starts_at=now() + timedelta(hours=1))
    edit = f"/admin/flash-sales/{sale.id}/edit"
    sent = form_shown(zhou.get(edit).text)
    sent |= {"title": "改名", "starts_at": "2026-11-21T15:00", "ends_at": "2026-11-21T16:00"}
    answer = zhou.post(f"{edit}/publish", **sent | {"reason": "推迟"})
    assert answer.location == f"/admin/flash-sales/{sale.id}?told=saved"
    ((_who, subject, before, after, why),) = acts_of("flash_sale.change")
    assert (subject, why) == (f"flash_sale:{sale.id}", "推迟")
    assert (before["title"], after["title"]) == ("周末秒杀", "改名")
    assert after["starts_at"] == "2026-11-21T15:00:00+08:00"
    assert_books_are_clean(app)


def test_a_running_sale_keeps_its_beginning_and_may_end_later(app: Flask, zhou: Clerk) -> None:
    sale = published(MUG, starts_at=now() - timedelta(seconds=30, microseconds=7))
    edit = f"/admin/flash-sales/{sale.id}/edit"
    sent = form_shown(zhou.get(edit).text) | {"reason": "加时"}
    before = moved()
    refused = zhou.post(f"{edit}/publish", **sent | {"starts_at": "2026-11-21T11:00"})
    assert refused.status_code == 422
    assert "已经开始，开始时间不能再改" in refused.text
    past = zhou.post(f"{edit}/publish", **sent | {"ends_at": "2026-11-21T11:59:50"})
    assert "要现在结束" in past.text
    assert moved() == before
    later = zhou.post(f"{edit}/publish", **sent | {"ends_at": "2026-11-21T18:00"})
    assert later.status_code == 303
    assert sales()[0].ends_at == shanghai("2026-11-21 18:00")


def test_of_two_who_edit_one_sale_the_later_is_shown_both(app: Flask, zhou: Clerk) -> None:
    sale = published(MUG)
    edit = f"/admin/flash-sales/{sale.id}/edit"
    mine = form_shown(zhou.get(edit).text) | {"title": "我的", "reason": "甲"}
    theirs = {**mine, "title": "他的", "reason": "乙"}
    assert zhou.post(f"{edit}/publish", **theirs).status_code == 303
    before = moved()
    for act in ("publish", "draft"):
        answer = zhou.post(f"{edit}/{act}", **mine)
        assert answer.status_code == 409
        assert "我的" in answer.text
        assert "他的" in answer.text
    assert moved() == before


def test_stock_is_raised_and_lowered_but_never_below_what_is_sold(
    app: Flask, li_dian: Clerk, client: FlaskClient
) -> None:
    sale = published(MUG)
    assert outcome([shopper(client).claim(sale)]) == ["ready"]
    stock = f"/admin/flash-sales/{sale.id}/items/{sale.items[0]}/stock"
    assert li_dian.post(stock, by="2", reason="到货").status_code == 303
    before = moved()
    asked = {"asked": f"stock-{sale.items[0]}"}
    for by, why, status, said in (
        ("-5", "盘点", 422, "剩余库存不足"),
        ("一", "盘点", 422, "请填整数"),
        ("1000001", "盘点", 422, "须在"),
        ("1", "", 422, "请写明原因"),
    ):
        answer = li_dian.post(stock, by=by, reason=why, **asked)
        assert answer.status_code == status
        assert said in answer.text
        assert "data-opens-now" in answer.text
    assert moved() == before
    assert li_dian.post(stock, by="-4", reason="盘点").status_code == 303
    assert [(act[2], act[3], act[4]) for act in acts_of("flash_sale.stock")] == [
        ({"item": sale.items[0], "stock": 3}, {"item": sale.items[0], "stock": 5}, "到货"),
        ({"item": sale.items[0], "stock": 5}, {"item": sale.items[0], "stock": 1}, "盘点"),
    ]
    look_again()
    assert "0 / 1" in li_dian.get(f"/admin/flash-sales/{sale.id}/live").text
    assert_books_are_clean(app)


def test_a_sale_is_ended_once_for_a_reason_and_keeps_its_orders(
    app: Flask, li_dian: Clerk, client: FlaskClient
) -> None:
    sale = published(MUG)
    assert outcome([shopper(client).claim(sale)]) == ["ready"]
    address = f"/admin/flash-sales/{sale.id}"
    assert li_dian.post(f"{address}/close", reason="").status_code == 422
    assert sales()[0].closed_at is None
    assert li_dian.post(f"{address}/close", reason="价格有误").status_code == 303
    ((_who, _subject, before, after, why),) = acts_of("flash_sale.close")
    assert (before["closed_at"], why) == (None, "价格有误")
    assert after["closed_at"] is not None
    assert li_dian.post(f"{address}/close", reason="再来").status_code == 409
    assert len(acts_of("flash_sale.close")) == 1
    page = li_dian.get(f"{address}/orders").text
    assert "保温杯" in page
    csv = li_dian.get(f"{address}/orders?format=csv").text
    assert csv.count("\r\n") == 2
    assert ",保温杯,100,0,ready" in csv
    edit = li_dian.post(f"{address}/edit/publish", **form_shown(li_dian.get(f"{address}/edit").text)
                     | {"reason": "x"})  # fmt: skip
    assert edit.status_code == 409
    assert "活动已结束" in edit.text


def test_the_list_filters_searches_and_shows_what_runs(app: Flask, zhou: Clerk) -> None:
    published(MUG)
    published(ItemTerms("雨伞", 50, 2), starts_at=now() + timedelta(days=1))
    page = zhou.get("/admin/flash-sales").text
    assert "保温杯" in zhou.get("/admin/flash-sales/live").text
    assert "雨伞" not in zhou.get("/admin/flash-sales/live").text
    assert "雨伞" in page
    assert "雨伞" not in zhou.get("/admin/flash-sales?state=running").text
    assert "雨伞" in zhou.get("/admin/flash-sales?state=upcoming").text
    assert "没有符合条件的场次" in zhou.get("/admin/flash-sales?state=ended").text
    assert "没有符合条件的场次" in zhou.get("/admin/flash-sales?q=没有这个").text
    csv = zhou.get("/admin/flash-sales?format=csv").text
    assert csv.count("\r\n") == 3
    copied = form_shown(zhou.get(zhou.get("/admin/flash-sales/new?copy=2").location).text)
    assert (copied["items-0-title"], copied["slots-0-starts_at"]) == ("雨伞", "")


def test_names_are_shown_as_text(app: Flask, zhou: Clerk) -> None:
    evil = "<script>alert(1)</script>"
    typed = filled(title=evil, **{"items-0-title": evil, "slots-0-starts_at": "2026-11-21T11:00"})
    assert evil not in zhou.post(f"{NEW}/preview", **typed).text
    assert zhou.post(f"{NEW}/publish", **typed).status_code == 303
    look_again()
    paths = ("", "/live", "/1", "/1/live", "/1/edit", "/1/orders", "/new-0123456789ab/edit?copy=1")
    for path in paths:
        page = zhou.get(f"/admin/flash-sales{path}").text
        assert evil not in page
        assert "&lt;script&gt;" in page


def test_cashiers_and_foreign_forms_are_kept_out(app: Flask, zhou: Clerk) -> None:
    chen = Clerk(app, "cashier")
    sale = published(MUG)
    address = f"/admin/flash-sales/{sale.id}"
    before = moved()
    calls: list[Any] = [chen.get("/admin/flash-sales"), chen.get(f"{address}/orders"),
                        chen.post(f"{address}/close", reason="x")]  # fmt: skip
    calls += [zhou.post(f"{address}/close", proof=False, reason="x"),
              zhou.post(f"{address}/items/{sale.items[0]}/stock", proof=False, by="1", reason="x"),
              zhou.post(f"{NEW}/publish", proof=False, **filled())]  # fmt: skip
    assert [call.status_code for call in calls] == [403] * 6
    assert moved() == before
    for path in ("99", "99/edit", "99/live", "99/orders", "x/edit"):
        assert zhou.get(f"/admin/flash-sales/{path}").status_code == 404
