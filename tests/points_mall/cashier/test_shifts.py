"""Shifts: opened by the first act, closed with the sums that are printed."""

from datetime import timedelta

from miniprogram_api.core.clock import clock

from .desk import Desk, acts, coupon_of, shopper
from .test_pickups import redeemed


def test_a_shift_begins_with_the_first_act_and_adds_up(desk: Desk) -> None:
    nothing = desk.get("/shifts/current").get_json()
    assert (nothing["shift_id"], nothing["sales"]["count"]) == (None, 0)

    member = shopper(tier="gold", points=1000, principal_fen=3000)
    coupon_of(member)
    sold = desk.sale(member, 12800, "R-1", use_points=1000, use_wallet=3000)
    clock.advance(timedelta(minutes=5))
    desk.sell(desk.quoted(5000)["quote_id"], "R-2", tender="alipay")
    desk.refund(sold["sale_no"], amount_fen=1066)
    _, code = redeemed(desk)
    desk.post(f"/pickups/{code}/confirm")
    desk.post(f"/pickups/{code}/undo", {"reason": "扫错了"})
    clock.advance(timedelta(hours=1))

    report = desk.post("/shifts/close").get_json()

    assert (report["till"], report["cashier"]) == ("T1", "小chen")
    assert report["opened_at"] == "2026-11-21T13:00:00+08:00"
    assert report["closed_at"] == "2026-11-21T14:05:00+08:00"
    assert report["sales"] == {"count": 2, "gross_fen": 17800, "discount_fen": 2140}
    # 106.60 of the first: 10.00 in points, 30.00 from the wallet, 66.60 in cash
    assert report["tenders"] == [
        {"tender": "cash", "count": 1, "fen": 6660},
        {"tender": "alipay", "count": 1, "fen": 5000},
        {"tender": "points", "count": 1, "fen": 1000},
        {"tender": "wallet", "count": 1, "fen": 3000},
    ]
    # a tenth of it came back: 6.66 in cash, 1.00 in points, 3.00 to the wallet
    assert report["refunds"] == {
        "count": 1,
        "value_fen": 1066,
        "cash_fen": 666,
        "wallet_fen": 300,
    }
    assert report["cash_in_drawer_fen"] == 5994
    assert report["points"] == {"earned": 144, "spent": 1000, "taken_back": 14, "returned": 100}
    assert report["pickups"] == {"confirmed": 1, "undone": 1}
    assert [subject for _, subject in acts("till.close_shift")] == [f"shift:{report['shift_id']}"]


def test_what_comes_after_the_close_is_another_shift(desk: Desk) -> None:
    desk.sale(None, 5000, "R-1")
    first = desk.post("/shifts/close").get_json()
    again = desk.post("/shifts/close")
    assert (again.status_code, again.get_json()["code"]) == (409, "no_open_shift")
    desk.sale(None, 700, "R-2")
    second = desk.get("/shifts/current").get_json()
    assert second["shift_id"] != first["shift_id"]
    assert second["sales"] == {"count": 1, "gross_fen": 700, "discount_fen": 0}


def test_a_shift_is_of_one_person_at_one_till(desk: Desk, other_desk: Desk) -> None:
    desk.sale(None, 5000, "R-1")
    other_desk.sale(None, 700, "R-1")
    assert desk.get("/shifts/current").get_json()["sales"]["gross_fen"] == 5000
    assert other_desk.get("/shifts/current").get_json()["sales"]["gross_fen"] == 700
    desk.till = "T2"
    assert desk.get("/shifts/current").get_json()["shift_id"] is None
