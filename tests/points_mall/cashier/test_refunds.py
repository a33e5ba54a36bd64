"""Refunds at the counter: what goes back, previewed and then given, within limits."""

from typing import Any

import pytest
import sqlalchemy as sa

from miniprogram_api.core.db import db
from points_mall.coupons.terms import Policy, Restore
from points_mall.purchases.models import PurchaseRefund
from tests.points_mall.purchases.shop import audited, points_of, wallet_of

from .desk import Desk, acts, coupon_of, coupon_state, everything, person, shopper, signed_in


def test_a_refund_takes_back_what_was_earned_and_returns_what_paid(desk: Desk) -> None:
    member = shopper(tier="gold", points=1000)
    coupon = coupon_of(member)
    sold = desk.sale(member, 12800, "R-1", use_points=1000)
    assert points_of(member) == (144, 0, 0)

    done = desk.refund(sold["sale_no"]).get_json()

    assert {name: done[name] for name in FIGURES} == {
        "refund_fen": 10660,
        "cash_fen": 9660,
        "wallet_returned_fen": 0,
        "points_taken_back": 144,
        "points_returned": 1000,
        "points_debt": 0,
        "points_available": 1000,
    }
    assert done["coupons_restored"] == [{"code": coupon, "worth_fen": 1500}]
    assert (points_of(member), coupon_state(coupon)) == ((1000, 0, 0), "unused")
    assert acts("till.refund") == [("staff:chen", f"sale:{sold['sale_no']}")]
    assert audited() == []


FIGURES = (
    "refund_fen",
    "cash_fen",
    "wallet_returned_fen",
    "points_taken_back",
    "points_returned",
    "points_debt",
    "points_available",
)


def test_a_preview_shows_every_consequence_and_moves_nothing(desk: Desk) -> None:
    member = shopper(tier="gold", points=1000, principal_fen=500)
    coupon = coupon_of(member)
    sold = desk.sale(member, 12800, "R-1", use_points=1000, use_wallet=True)
    before = everything()

    preview = desk.refund(sold["sale_no"], dry_run=True)
    assert preview.status_code == 201
    assert everything() == before
    assert coupon_state(coupon) == "used"

    done = desk.refund(sold["sale_no"]).get_json()
    told = preview.get_json()
    assert (told.pop("refund_no"), told.pop("approval")) == (None, None)
    assert told == {name: done[name] for name in told}
    assert wallet_of(member) == (500, 0, 0)


def test_points_that_were_spent_become_debt(desk: Desk) -> None:
    member = shopper()
    sold = desk.sale(member, 5000, "R-1")
    desk.sale(member, 100, "R-2", use_points=True)  # 50 points pay half of it, which earns none
    done = desk.refund(sold["sale_no"]).get_json()
    assert (done["points_taken_back"], done["points_debt"], done["points_available"]) == (50, 50, 0)
    assert points_of(member) == (0, 0, 50)


def test_four_parts_add_up(desk: Desk) -> None:
    member = shopper()
    sold = desk.sale(member, 2190, "R-1")
    parts = [desk.refund(sold["sale_no"], amount_fen=fen) for fen in (500, 500, 500, 690)]
    taken = [part.get_json()["points_taken_back"] for part in parts]
    assert (sold["points_earned"], taken) == (21, [4, 5, 5, 7])
    assert points_of(member) == (0, 0, 0)
    refused = desk.refund(sold["sale_no"], amount_fen=1)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "refund_too_large")
    assert audited() == []


def test_a_line_comes_back_with_its_share_of_the_discount(desk: Desk) -> None:
    member = shopper(tier="gold")
    lines = [{"title": "拿铁", "amount_fen": 3000}, {"title": "蛋糕", "amount_fen": 1000}]
    quote = desk.quoted(scan_id=desk.scanned(member), lines=lines)
    sold = desk.sell(quote["quote_id"], "R-1").get_json()
    asked = [{"line_no": 2, "amount_fen": 950}]
    assert desk.refund(sold["sale_no"], lines=asked).get_json()["cash_fen"] == 950
    before = everything()
    again = desk.refund(sold["sale_no"], lines=asked)
    assert (again.status_code, again.get_json()["refundable_fen"]) == (409, 0)
    unknown = desk.refund(sold["sale_no"], lines=[{"line_no": 3, "amount_fen": 1}])
    assert (unknown.status_code, unknown.get_json()["code"]) == (422, "bad_refund")
    assert everything() == before
    (found,) = desk.get(f"/sales?sale_no={sold['sale_no']}").get_json()["items"]
    assert (found["refunded_fen"], found["refundable_fen"]) == (950, 2850)


def basket(desk: Desk, member: int | None) -> str:
    """Three cups for 60 yuan and a cake for 40, with a coupon of 10 from the member; its number."""
    lines = [
        {"title": "拿铁", "amount_fen": 6000, "quantity": 3},
        {"title": "蛋糕", "amount_fen": 4000},
    ]
    who: dict[str, Any] = {} if member is None else {"scan_id": desk.scanned(member)}
    quote = desk.quoted(lines=lines, **who)
    return str(desk.sell(quote["quote_id"], "R-1").get_json()["sale_no"])


def goods_left(desk: Desk, sale_no: str) -> list[tuple[int, int]]:
    """How many of each line can still come back, and for how much."""
    (found,) = desk.get(f"/sales?sale_no={sale_no}").get_json()["items"]
    return [(line["refundable_quantity"], line["refundable_fen"]) for line in found["lines"]]


def test_goods_come_back_by_number_for_what_was_paid_for_them(desk: Desk) -> None:
    member = shopper()
    coupon_of(member, off_fen=1000)
    sale_no = basket(desk, member)
    assert goods_left(desk, sale_no) == [(3, 5400), (1, 3600)]
    asked = [{"line_no": 1, "quantity": 2}, {"line_no": 2}]
    before = everything()
    preview = desk.refund(sale_no, lines=asked, dry_run=True).get_json()
    assert everything() == before
    done = desk.refund(sale_no, lines=asked).get_json()
    assert (done["cash_fen"], done["points_taken_back"]) == (7200, 72)
    assert done["lines"] == preview["lines"]
    assert done["lines"] == [
        {"line_no": 1, "title": "拿铁", "quantity": 2, "amount_fen": 3600},
        {"line_no": 2, "title": "蛋糕", "quantity": 1, "amount_fen": 3600},
    ]
    assert goods_left(desk, sale_no) == [(1, 1800), (0, 0)]
    assert desk.refund(sale_no, lines=[{"line_no": 1}]).get_json()["coupons_restored"] != []
    assert audited() == []


def test_goods_never_come_back_twice(desk: Desk) -> None:
    sale_no = basket(desk, None)
    assert desk.refund(sale_no, lines=[{"line_no": 1, "quantity": 2}]).status_code == 201
    before = everything()
    refused = [
        desk.refund(sale_no, lines=[{"line_no": 1, "quantity": 2}]),
        desk.refund(sale_no, lines=[{"line_no": 1, "quantity": 2}], dry_run=True),
    ]
    for answer in refused:
        told = answer.get_json()
        assert (answer.status_code, told["code"]) == (409, "line_given_back")
        assert (told["line_no"], told["asked"], told["left"]) == (1, 2, 1)
    assert everything() == before
    assert goods_left(desk, sale_no) == [(1, 2000), (1, 4000)]


def test_goods_of_a_sale_that_was_partly_given_back_are_worth_less(desk: Desk) -> None:
    sale_no = basket(desk, shopper())
    assert desk.refund(sale_no, amount_fen=5000).get_json()["lines"] == []
    assert goods_left(desk, sale_no) == [(3, 3000), (1, 2000)]
    assert desk.refund(sale_no, lines=[{"line_no": 2}]).get_json()["refund_fen"] == 2000
    assert desk.refund(sale_no, lines=[{"line_no": 1}]).get_json()["refund_fen"] == 3000
    assert goods_left(desk, sale_no) == [(0, 0), (0, 0)]
    assert audited() == []


def test_goods_above_the_limit_need_an_approval(desk: Desk) -> None:
    lines = [{"title": "茶具", "amount_fen": 30000}, {"title": "茶", "amount_fen": 100}]
    quote = desk.quoted(lines=lines)
    sale_no = desk.sell(quote["quote_id"], "R-1").get_json()["sale_no"]
    before = everything()
    answer = desk.refund(sale_no, lines=[{"line_no": 1}])
    assert (answer.status_code, answer.get_json()["asked"]) == (403, 30000)
    assert everything() == before
    assert desk.refund(sale_no, lines=[{"line_no": 2}]).status_code == 201


def test_a_repeat_refunds_once(desk: Desk) -> None:
    member = shopper()
    sold = desk.sale(member, 5000, "R-1")
    first, again = (
        desk.refund(sold["sale_no"], key="one-same-key", amount_fen=100) for _ in range(2)
    )
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert db.session.scalar(sa.select(sa.func.count(PurchaseRefund.id))) == 1


def test_a_coupon_comes_back_with_the_last_part_only(desk: Desk) -> None:
    member = shopper()
    coupon = coupon_of(member)
    sold = desk.sale(member, 12000, "R-1")
    assert desk.refund(sold["sale_no"], amount_fen=10499).get_json()["coupons_restored"] == []
    assert coupon_state(coupon) == "used"
    done = desk.refund(sold["sale_no"]).get_json()
    assert (done["refund_fen"], done["coupons_restored"]) == (
        1,
        [{"code": coupon, "worth_fen": 1500}],
    )


def test_what_coupons_paid_for_whole_is_refunded_once_and_no_amount_is_named(desk: Desk) -> None:
    member = shopper()
    coupon = coupon_of(member, off_fen=1500, threshold_fen=1500)
    sold = desk.sale(member, 1500, "R-1")
    (found,) = desk.get(f"/sales?sale_no={sold['sale_no']}").get_json()["items"]
    figures = found["total_fen"], found["refundable_fen"], found["is_refundable"]
    assert (*figures, coupon_state(coupon)) == (0, 0, True, "used")
    before = everything()
    preview = desk.refund(sold["sale_no"], dry_run=True).get_json()
    assert preview["coupons_restored"] == [{"code": coupon, "worth_fen": 1500}]
    assert (everything(), coupon_state(coupon)) == (before, "used")

    done = desk.refund(sold["sale_no"])

    assert done.status_code == 201, done.text
    assert (done.get_json()["refund_fen"], coupon_state(coupon)) == (0, "unused")
    (found,) = desk.get(f"/sales?sale_no={sold['sale_no']}").get_json()["items"]
    assert found["is_refundable"] is False
    before = everything()
    assert desk.refund(sold["sale_no"]).get_json()["code"] == "bad_refund"
    assert everything() == before
    assert audited() == []


def test_a_sale_to_nobody_is_refunded_within_its_total(desk: Desk) -> None:
    sold = desk.sale(None, 5000, "R-1")
    asked = desk.refund(sold["sale_no"], amount_fen=3000, dry_run=True).get_json()
    assert (asked["cash_fen"], asked["points_available"]) == (3000, None)
    assert desk.refund(sold["sale_no"], amount_fen=3000).get_json()["cash_fen"] == 3000
    before = everything()
    answer = desk.refund(sold["sale_no"], amount_fen=2001)
    assert (answer.status_code, answer.get_json()["refundable_fen"]) == (409, 2000)
    assert everything() == before
    assert desk.refund(sold["sale_no"]).get_json()["refund_fen"] == 2000
    (found,) = desk.get("/sales").get_json()["items"]
    assert (found["refunded_fen"], found["refundable_fen"]) == (5000, 0)
    assert audited() == []


def test_above_the_limit_a_cashier_may_not_however_it_is_divided(desk: Desk) -> None:
    sold = desk.sale(None, 50000, "R-1")
    before = everything()
    whole = desk.refund(sold["sale_no"], amount_fen=20001)
    assert (whole.status_code, whole.get_json()["code"]) == (403, "approval_needed")
    numbers = {name: whole.get_json()[name] for name in ("limit", "most", "asked")}
    assert numbers == {"limit": "refund_amount", "most": 20000, "asked": 20001}
    assert everything() == before
    assert desk.refund(sold["sale_no"], amount_fen=20000).status_code == 201
    divided = desk.refund(sold["sale_no"], amount_fen=1)
    assert (divided.status_code, divided.get_json()["asked"]) == (403, 20001)
    preview = desk.refund(sold["sale_no"], amount_fen=1, dry_run=True)
    assert (preview.status_code, preview.get_json()["approval"]["most"]) == (201, 20000)


def test_a_manager_refunds_on_their_own_authority(desk: Desk, manager: Desk) -> None:
    sold = desk.sale(None, 50000, "R-1")
    assert manager.refund(sold["sale_no"]).get_json()["cash_fen"] == 50000


def test_a_sale_of_another_store_is_not_refunded(desk: Desk) -> None:
    here = Desk(desk.client, signed_in(person("qian", "cashier", store="S01")), till="T11")
    there = Desk(desk.client, signed_in(person("sun", "cashier", store="S02")), till="T12")
    sold = here.sale(None, 5000, "R-1")
    before = everything()
    answer = there.refund(sold["sale_no"])
    assert (answer.status_code, answer.get_json()["code"]) == (403, "other_store")
    assert there.get(f"/sales?sale_no={sold['sale_no']}").get_json()["items"] == []
    assert everything() == before


@pytest.mark.parametrize(
    "wanted",
    [
        {"amount_fen": 0},
        {"amount_fen": -5},
        {"amount_fen": "1e9"},
        {"reason": ""},
        {"reason": "x" * 81},
        {"lines": []},
        {"lines": [{"line_no": 1, "amount_fen": 1}] * 2},
        {"lines": [{"line_no": 1, "quantity": 0}]},
        {"lines": [{"line_no": 1, "quantity": 1, "amount_fen": 1}]},
        {"amount_fen": 1, "lines": [{"line_no": 1, "amount_fen": 1}]},
        {"dry_run": "yes"},
        {"points": 100},
    ],
    ids=str,
)
def test_what_is_no_refund_is_refused(desk: Desk, wanted: dict[str, Any]) -> None:
    sold = desk.sale(None, 5000, "R-1")
    before = everything()
    answer = desk.refund(sold["sale_no"], **wanted)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "validation_failed")
    assert everything() == before


def test_an_unknown_sale_is_not_found(desk: Desk) -> None:
    answer = desk.refund("P0000")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "no_such_sale")


def test_sales_are_found_by_member_receipt_and_number(desk: Desk, other_desk: Desk) -> None:
    member = shopper()
    mine = desk.sale(member, 5000, "R-1")
    theirs = other_desk.sale(None, 700, "R-2")
    scan_id = desk.scanned(member)

    def numbers(query: str) -> list[str]:
        return [one["sale_no"] for one in desk.get(f"/sales{query}").get_json()["items"]]

    assert numbers("") == [mine["sale_no"]]
    assert numbers("?receipt_no=R-2") == [theirs["sale_no"]]
    assert numbers(f"?sale_no={theirs['sale_no']}") == [theirs["sale_no"]]
    assert numbers(f"?receipt_code={theirs['receipt_code']}") == [theirs["sale_no"]]
    assert numbers(f"?member={scan_id}") == [mine["sale_no"]]
    assert numbers("?receipt_no=none") == []
    (found,) = desk.get(f"/sales?member={scan_id}").get_json()["items"]
    assert (found["member"], found["cashier"]) == ({"name_masked": "张*华"}, "小chen")
    assert desk.get("/sales?member=999999").get_json()["code"] == "scan_over"


def test_a_coupon_that_comes_back_by_share_is_shown_as_the_new_one(desk: Desk) -> None:
    member = shopper()
    coupon = coupon_of(member, off_fen=2000, restore=Restore(Policy.BY_SHARE))
    sold = desk.sale(member, 12000, "R-1")
    (back,) = desk.refund(sold["sale_no"], amount_fen=5000).get_json()["coupons_restored"]
    assert (back["worth_fen"], back["code"] != coupon) == (1000, True)
    assert (coupon_state(coupon), coupon_state(back["code"])) == ("used", "unused")
    assert audited() == []
