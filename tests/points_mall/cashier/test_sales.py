"""Sales: scan, quote, Enter; each receipt once, and never at another price than was seen."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from miniprogram_api.members.services import close_account
from points_mall.cashier.models import TillSale
from points_mall.purchases.models import Purchase
from points_mall.tiers.services import set_tier
from tests.points_mall.purchases.shop import audited, points_of, wallet_of

from .desk import (
    Desk,
    acts,
    coupon_of,
    coupon_state,
    everything,
    live_code,
    number_of,
    shopper,
)


def purchase(sale_no: str) -> Purchase:
    db.session.rollback()
    return db.session.scalars(sa.select(Purchase).filter_by(purchase_no=sale_no)).one()


def test_the_usual_sale_is_scan_amount_enter(desk: Desk) -> None:
    member = shopper(tier="gold", points=3072)
    coupon = coupon_of(member)
    scan_id = desk.scanned(member)

    quote = desk.quoted(12800, scan_id=scan_id, use_points=1000)
    sold = desk.sell(quote["quote_id"], "R-1").get_json()

    # 128.00 less 5 % is 121.60, less 15.00 is 106.60, less 1000 points worth 10.00 is 96.60
    assert [(line["rule"], line["amount_fen"]) for line in quote["lines"]] == [
        ("gross", 12800),
        ("tier_discount", -640),
        ("amount_off", -1500),
        ("points_as_cash", -1000),
    ]
    assert [line["label"] for line in quote["lines"]] == ["消费", "金卡", "券min15", "积分抵现"]
    assert (quote["payable_fen"], quote["points_to_earn"]) == (9660, 144)
    assert (quote["coupon_ids"], quote["points_after"]) == ([coupon], 2216)
    assert (sold["payable_fen"], sold["points_earned"], sold["points_spent"]) == (9660, 144, 1000)
    assert (sold["points_available"], sold["claim_until"]) == (2216, None)
    assert points_of(member) == (2216, 0, 0)
    assert coupon_state(coupon) == "used"
    bought = purchase(sold["sale_no"])
    assert (bought.source, bought.external_id, bought.status) == ("till", "T1:R-1", "paid")
    assert (bought.gross_fen, bought.discount_fen, bought.total_fen) == (12800, 2140, 10660)
    assert (bought.cash_fen, bought.points_fen, bought.wallet_fen) == (9660, 1000, 0)
    assert acts("till.sale") == [("staff:chen", f"sale:{sold['sale_no']}")]
    assert audited() == []


def test_the_wallet_pays_what_points_leave(desk: Desk) -> None:
    member = shopper(points=500, principal_fen=2000)
    scan_id = desk.scanned(member)
    quote = desk.quoted(2000, scan_id=scan_id, use_points=True, use_wallet=True)
    sold = desk.sell(quote["quote_id"], "R-1", tender="wechat").get_json()
    # 500 points pay 5.00, the wallet the other 15.00, which was money of the member's own
    assert (quote["points_spent"], quote["wallet_fen"], quote["payable_fen"]) == (500, 1500, 0)
    assert (sold["points_earned"], sold["balance_fen"], sold["tender"]) == (15, 500, "wechat")
    assert (points_of(member), wallet_of(member)) == ((15, 0, 0), (500, 0, 0))
    assert audited() == []


def test_lines_keep_their_shares_of_the_discount(desk: Desk) -> None:
    member = shopper(tier="gold")
    lines = [
        {"title": "拿铁", "amount_fen": 3000, "category": "coffee", "sku": "latte", "quantity": 2},
        {"title": "蛋糕", "amount_fen": 1000},
    ]
    quote = desk.quoted(scan_id=desk.scanned(member), lines=lines)
    sold = desk.sell(quote["quote_id"], "R-1").get_json()
    (found,) = desk.get(f"/sales?sale_no={sold['sale_no']}").get_json()["items"]
    assert [(line["title"], line["payable_fen"]) for line in found["lines"]] == [
        ("拿铁", 2850),
        ("蛋糕", 950),
    ]
    assert purchase(sold["sale_no"]).title == "拿铁 等2件"


def test_a_sale_to_nobody_is_recorded_and_earns_nobody_anything(desk: Desk) -> None:
    sold = desk.sale(None, 5000, "R-1")
    assert (sold["payable_fen"], sold["points_earned"]) == (5000, 0)
    assert sold["points_available"] is None
    assert sold["claim_until"] == "2026-11-22T13:00:00+08:00"
    bought = purchase(sold["sale_no"])
    assert (bought.member_id, bought.status, bought.total_fen) == (None, "paid", 5000)
    assert audited() == []


def test_a_coupon_may_pay_it_all(desk: Desk) -> None:
    member = shopper()
    coupon = coupon_of(member, off_fen=10000)
    sold = desk.sale(member, 10000, "R-1", use_points=True)
    assert (sold["payable_fen"], sold["points_earned"], coupon_state(coupon)) == (0, 0, "used")
    by_goods = desk.refund(sold["sale_no"], lines=[{"line_no": 1}])
    assert (by_goods.status_code, by_goods.get_json()["code"]) == (422, "bad_refund")
    assert coupon_state(coupon) == "used"
    back = desk.refund(sold["sale_no"]).get_json()
    assert (back["refund_fen"], coupon_state(coupon)) == (0, "unused")
    assert desk.refund(sold["sale_no"]).get_json()["code"] == "bad_refund"
    assert audited() == []


def test_the_same_receipt_twice_is_one_sale(desk: Desk) -> None:
    member = shopper()
    quote = desk.quoted(5000, scan_id=desk.scanned(member))
    first = desk.sell(quote["quote_id"], "R-1", key="first-key")
    again = desk.sell(quote["quote_id"], "R-1", key="first-key")
    with_another_key = desk.sell(quote["quote_id"], "R-1", key="another-key")

    assert [one.status_code for one in (first, again, with_another_key)] == [201, 201, 201]
    assert first.get_json() == again.get_json() == with_another_key.get_json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert with_another_key.headers["Idempotency-Replayed"] == "true"
    assert db.session.scalar(sa.select(sa.func.count(TillSale.id))) == 1
    assert points_of(member) == (50, 0, 0)


def test_another_sale_under_the_same_receipt_is_refused(desk: Desk) -> None:
    sold = desk.sale(None, 5000, "R-1")
    before = everything()
    answer = desk.sell(desk.quoted(7000)["quote_id"], "R-1")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "receipt_used")
    assert answer.get_json()["sale_no"] == sold["sale_no"]
    assert everything() == before


def test_two_tills_may_use_the_same_receipt_number(desk: Desk, other_desk: Desk) -> None:
    assert desk.sale(None, 5000, "R-1")["sale_no"] != other_desk.sale(None, 5000, "R-1")["sale_no"]


def test_a_quote_whose_tier_has_changed_is_refused_with_the_new_one(desk: Desk) -> None:
    member = shopper(tier="gold")
    quote = desk.quoted(10000, scan_id=desk.scanned(member))
    set_tier(member, "diamond")
    before = everything()

    answer = desk.sell(quote["quote_id"], "R-1")

    assert (answer.status_code, answer.get_json()["code"]) == (409, "quote_changed")
    fresh = answer.get_json()["quote"]
    assert (quote["payable_fen"], fresh["payable_fen"]) == (9500, 8800)
    assert (quote["points_to_earn"], fresh["points_to_earn"]) == (142, 176)
    assert everything() == before
    assert desk.sell(fresh["quote_id"], "R-1").get_json()["payable_fen"] == 8800


def test_a_coupon_used_elsewhere_meanwhile_changes_the_quote(desk: Desk, other_desk: Desk) -> None:
    member = shopper()
    coupon_of(member)
    quote = desk.quoted(12000, scan_id=desk.scanned(member))
    other_desk.sale(member, 12000, "R-7")
    answer = desk.sell(quote["quote_id"], "R-1")
    assert (quote["payable_fen"], answer.get_json()["code"]) == (10500, "quote_changed")
    assert answer.get_json()["quote"]["payable_fen"] == 12000


def test_points_spent_elsewhere_meanwhile_change_the_quote(desk: Desk, other_desk: Desk) -> None:
    member = shopper(points=1000)
    quote = desk.quoted(4000, scan_id=desk.scanned(member), use_points=True)
    other_desk.sale(member, 1000, "R-7", use_points=True)
    answer = desk.sell(quote["quote_id"], "R-1")
    # 500 points paid half of the other bill, which earned 5
    assert (quote["points_spent"], answer.get_json()["code"]) == (1000, "quote_changed")
    assert answer.get_json()["quote"]["points_spent"] == 505


def test_a_scan_serves_one_sale(desk: Desk) -> None:
    member = shopper()
    scan_id = desk.scanned(member)
    first, second = (desk.quoted(5000, scan_id=scan_id) for _ in range(2))
    assert desk.sell(first["quote_id"], "R-1").status_code == 201
    before = everything()
    answer = desk.sell(second["quote_id"], "R-2")
    assert (answer.status_code, answer.get_json()["code"]) == (410, "scan_over")
    assert desk.quote(5000, scan_id=scan_id).get_json()["code"] == "scan_over"
    assert everything() == before


@pytest.mark.parametrize(("minutes", "code"), [(6, "quote_expired"), (11, "quote_expired")])
def test_an_old_quote_is_not_sold(desk: Desk, minutes: int, code: str) -> None:
    quote = desk.quoted(5000, scan_id=desk.scanned(shopper()))
    clock.advance(timedelta(minutes=minutes))
    before = everything()
    answer = desk.sell(quote["quote_id"], "R-1")
    assert (answer.status_code, answer.get_json()["code"]) == (410, code)
    assert everything() == before


def test_an_old_scan_is_not_quoted(desk: Desk) -> None:
    scan_id = desk.scanned(shopper())
    clock.advance(timedelta(minutes=10))
    answer = desk.quote(5000, scan_id=scan_id)
    assert (answer.status_code, answer.get_json()["code"]) == (410, "scan_over")


def test_a_static_number_earns_and_never_spends(desk: Desk) -> None:
    member = shopper(tier="gold", points=5000, principal_fen=5000)
    coupon = coupon_of(member)
    card = desk.scan(number_of(member)).get_json()
    before = everything()
    for wish in ({"use_points": True}, {"use_wallet": 100}, {"coupon_ids": [coupon]}):
        answer = desk.quote(12000, scan_id=card["scan_id"], **wish)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "scan_may_not_spend")
    assert everything() == before

    quote = desk.quoted(12000, scan_id=card["scan_id"])
    sold = desk.sell(quote["quote_id"], "R-1").get_json()
    assert (quote["coupon_ids"], quote["payable_fen"], quote["points_most"]) == ([], 11400, 0)
    assert quote["coupons"][0]["reason"]["code"] == "needs_live_code"
    assert sold["points_earned"] == 171


def test_a_quote_of_somebody_elses_is_not_sold(desk: Desk, other_desk: Desk) -> None:
    quote = desk.quoted(5000)
    answer = other_desk.sell(quote["quote_id"], "R-1")
    assert (answer.status_code, answer.get_json()["code"]) == (410, "quote_expired")


def test_a_scan_of_another_till_and_person_is_not_quoted(desk: Desk, other_desk: Desk) -> None:
    scan_id = desk.scanned(shopper())
    assert other_desk.quote(100, scan_id=scan_id).get_json()["code"] == "scan_over"


def test_named_coupons_are_used_and_no_others(desk: Desk) -> None:
    member = shopper()
    fifteen = coupon_of(member)
    twenty = coupon_of(member, "min20", off_fen=2000)
    quote = desk.quoted(12000, scan_id=desk.scanned(member), coupon_ids=[fifteen])
    assert (quote["payable_fen"], quote["coupon_ids"]) == (10500, [fifteen])
    assert [one["code"] for one in quote["coupons"] if one["chosen"]] == [fifteen]
    desk.sell(quote["quote_id"], "R-1")
    assert (coupon_state(fifteen), coupon_state(twenty)) == ("used", "unused")


def test_a_coupon_below_its_threshold_is_grey_and_says_what_is_missing(desk: Desk) -> None:
    member = shopper()
    coupon = coupon_of(member, off_fen=4000, threshold_fen=20000)
    scan_id = desk.scanned(member)
    (card,) = desk.quoted(12800, scan_id=scan_id)["coupons"]
    assert (card["usable"], card["reason"]["missing_fen"]) == (False, 7200)
    answer = desk.quote(12800, scan_id=scan_id, coupon_ids=[coupon])
    assert (answer.status_code, answer.get_json()["code"]) == (409, "coupon_not_usable")
    assert answer.get_json()["reason"] == "threshold_not_met"


def test_another_members_coupon_is_none(desk: Desk) -> None:
    coupon = coupon_of(shopper(phone=None))
    answer = desk.quote(20000, scan_id=desk.scanned(shopper()), coupon_ids=[coupon])
    assert (answer.status_code, answer.get_json()["code"]) == (404, "no_such_coupon")


def test_the_answer_speaks_english_to_who_reads_it(desk: Desk) -> None:
    desk.language = "en"
    quote = desk.quoted(10000, scan_id=desk.scanned(shopper(tier="gold")))
    assert [line["label"] for line in quote["lines"]] == ["Goods", "Gold"]


def test_a_sale_needs_its_idempotency_key(desk: Desk) -> None:
    quote = desk.quoted(5000)
    body = {"quote_id": quote["quote_id"], "receipt_no": "R-1"}
    answer = desk.client.post("/api/v1/pos/sales", json=body, headers=desk.told)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "idempotency_key_missing")


def test_the_till_may_be_named_in_the_body(desk: Desk) -> None:
    desk.till = None
    quote = desk.quoted(5000)
    sold = desk.sell(quote["quote_id"], "R-1", till="T5").get_json()
    assert sold["till"] == "T5"
    desk.till = "T6"
    answer = desk.sell(quote["quote_id"], "R-2", till="T5")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "tills_differ")


BAD_AMOUNTS: list[Any] = ["1e9", "12..3", "12+", "１２", "100", -5, 0, 1.5, True, None, 10**12, []]


@pytest.mark.parametrize("amount", BAD_AMOUNTS, ids=repr)
def test_what_is_no_amount_is_refused(desk: Desk, amount: Any) -> None:
    answer = desk.post("/quotes", {"amount_fen": amount})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize("receipt", ["R" * 10_240, "", "R 1", "R?", "收据1", "R\n", 7, None])
def test_what_is_no_receipt_number_is_refused(desk: Desk, receipt: Any) -> None:
    quote = desk.quoted(5000)
    before = everything()
    answer = desk.sell(quote["quote_id"], receipt)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "validation_failed")
    assert everything() == before


def test_lines_that_come_to_more_than_any_bill_are_refused(desk: Desk) -> None:
    lines = [{"title": "金条", "amount_fen": 999_999_999}] * 2
    answer = desk.post("/quotes", {"lines": lines})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "amount_too_large")


def test_a_code_of_a_closed_account_is_refused_and_a_sale_to_it_too(desk: Desk) -> None:
    member = shopper()
    code, quote = live_code(member), desk.quoted(5000, scan_id=desk.scanned(member))
    close_account(member)
    before = everything()
    refused = desk.scan(code), desk.sell(quote["quote_id"], "R-1")
    assert [one.get_json()["code"] for one in refused] == ["account_closed", "account_closed"]
    assert everything() == before
