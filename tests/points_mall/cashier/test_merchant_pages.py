"""核销 in the office: by code, once, taken back within its window; and a till's sale on its purchase's page."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from points_mall.redemption.pickup_codes import new_code
from tests.office import Clerk, acts_count, acts_of
from tests.points_mall.redemption.conftest import status_of

from .desk import Desk, coupon_of, everything, number_of, shopper
from .test_pickups import redeemed


@pytest.fixture
def zhou(mall: Flask) -> Clerk:
    return Clerk(mall, "editor", "zhou-of-the-office")


def order_of(zhou: Clerk, code: str) -> str:
    found = re.search(r"/admin/orders/(\w+)", zhou.post("/admin/pickups/look", code=code).text)
    assert found is not None
    return found[1]


def test_a_reward_is_handed_over_by_its_code_once(desk: Desk, zhou: Clerk) -> None:
    _, code = redeemed(desk)
    shown = zhou.post("/admin/pickups/look", code=f" {code[:8]} {code[8:]} ").text
    assert "帆布袋" in shown
    assert "确认核销" in shown
    number = order_of(zhou, code)
    assert status_of(number) == "ready"
    done = zhou.post("/admin/pickups/confirm", code=code, till="")
    assert done.location == "/admin/pickups?told=done"
    assert status_of(number) == "collected"
    assert acts_of("till.pickup") == [
        (
            "staff:zhou-of-the-office",
            f"order:{number}",
            {"status": "ready"},
            {"status": "collected"},
            None,
        )
    ]
    again = zhou.post("/admin/pickups/confirm", code=code)
    assert again.status_code == 409
    assert "该核销码已使用" in again.text
    assert len(acts_of("till.pickup")) == 1


def test_a_hand_over_is_undone_with_a_reason_within_its_window(desk: Desk, zhou: Clerk) -> None:
    _, code = redeemed(desk)
    zhou.post("/admin/pickups/confirm", code=code)
    number = order_of(zhou, code)
    assert zhou.post("/admin/pickups/undo", code=code, reason="").status_code == 422
    assert status_of(number) == "collected"
    assert zhou.post("/admin/pickups/undo", code=code, reason="扫错了").status_code == 303
    assert status_of(number) == "ready"
    assert acts_of("till.undo_pickup")[0][2:] == (
        {"status": "collected"},
        {"status": "ready"},
        "扫错了",
    )
    zhou.post("/admin/pickups/confirm", code=code)
    clock.advance(timedelta(minutes=10, seconds=1))
    late = zhou.post("/admin/pickups/undo", code=code, reason="扫错了")
    assert late.status_code == 409
    assert "已超过可撤销时间" in late.text
    assert "撤销这次核销" not in zhou.get("/admin/pickups").text


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("", 422, "请填写"),
        ("6" * 33, 422, "最长 32 字"),
        ("<script>alert(1)</script>", 404, "核销码无效"),
        pytest.param(new_code(), 404, "核销码无效", id="of-nobody"),
    ],
)
def test_a_code_that_is_none_is_told(zhou: Clerk, code: str, status: int, said: str) -> None:
    for act in ("look", "confirm"):
        answer = zhou.post(f"/admin/pickups/{act}", code=code)
        assert (answer.status_code, said in answer.text) == (status, True)
        assert "<script>alert" not in answer.text


def test_a_cashier_stays_at_the_till(mall: Flask, desk: Desk) -> None:
    _, code = redeemed(desk)
    cashier, before = Clerk(mall, "cashier"), acts_count()
    assert cashier.get("/admin/pickups").status_code == 403
    assert cashier.post("/admin/pickups/confirm", code=code).status_code == 403
    assert acts_count() == before


# ------------------------------------------------------------------ purchases


def test_a_sale_is_found_by_every_number_it_has(desk: Desk, zhou: Clerk) -> None:
    member = shopper(points=0)
    sold = desk.sale(member, 12_300, "R-0001")
    desk.sale(None, 500, "R-0002")
    known = (sold["sale_no"], "R-0001", "T1:R-0001", number_of(member), sold["receipt_code"])
    for number in known:
        page = zhou.get(f"/admin/purchases?q={number}").text
        found = set(re.findall(r'href="/admin/purchases/(\w+)"', page))
        assert found == {sold["sale_no"]}, number
    assert "没有符合条件的消费" in zhou.get("/admin/purchases?q=R-9999").text


def test_a_sales_page_explains_what_it_earned_and_where_it_was_made(
    desk: Desk, zhou: Clerk
) -> None:
    sold = desk.sale(shopper(tier="gold"), 10_000, "R-0001")
    page = zhou.get(f"/admin/purchases/{sold['sale_no']}").text
    assert "获得 142 积分" in page  # 95 yuan after five per cent off, half as much again
    assert "等级倍数 tier  ×1.5" in page
    assert "¥95.00" in page
    assert "R-0001" in page
    assert "小chen" in page


def test_a_refund_shows_its_shares(desk: Desk, manager: Desk, zhou: Clerk) -> None:
    sold = desk.sale(shopper(), 10_000, "R-0001")
    refund = manager.refund(sold["sale_no"], amount_fen=4_000)
    assert refund.status_code == 201, refund.text
    page = zhou.get(f"/admin/purchases/{sold['sale_no']}").text
    assert refund.get_json()["refund_no"] in page
    assert "顾客退货" in page
    listed = zhou.get("/admin/purchases?refunded=yes").text
    assert "¥40.00" in listed
    file = zhou.get("/admin/purchases?refunded=yes&format=csv").text.splitlines()
    assert len(file) == 2
    assert ",100.00,40.00,100," in file[1]


def test_what_a_coupon_paid_for_whole_is_among_the_refunded_once_it_is(
    desk: Desk, manager: Desk, zhou: Clerk
) -> None:
    member = shopper()
    coupon_of(member, off_fen=1500, threshold_fen=1500)
    sold = desk.sale(member, 1500, "R-0001")

    def listed(refunded: str) -> bool:
        return sold["sale_no"] in zhou.get(f"/admin/purchases?refunded={refunded}").text

    assert (listed("yes"), listed("no")) == (False, True)
    assert manager.refund(sold["sale_no"]).status_code == 201
    assert (listed("yes"), listed("no")) == (True, False)


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("source=till", 1),
        ("source=wechat_pay", 0),
        ("status=paid", 1),
        ("status=closed", 0),
        ("purpose=sale", 1),
        ("purpose=top_up", 0),
        ("refunded=no", 1),
        ("since=2026-11-21&until=2026-11-21", 1),
        ("until=2026-11-20", 0),
        ("source='--", 1),
    ],
)
def test_purchases_are_filtered(desk: Desk, zhou: Clerk, asked: str, count: int) -> None:
    desk.sale(None, 500, "R-0001")
    page = zhou.get(f"/admin/purchases?{asked}").text
    assert len(re.findall(r'href="/admin/purchases/\w+"', page)) == count


def test_purchases_are_only_read(mall: Flask, desk: Desk, zhou: Clerk) -> None:
    sold = desk.sale(shopper(), 10_000, "R-0001")
    before = everything()
    for address in ("/admin/purchases", f"/admin/purchases/{sold['sale_no']}"):
        assert zhou.post(address).status_code == 405
        assert Clerk(mall, "cashier").get(address).status_code == 403
    assert zhou.get("/admin/purchases/W0").status_code == 404
    assert everything() == before
