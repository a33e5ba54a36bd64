"""Late claims: the points of a sale that was nobody's, once, within a day."""

from datetime import timedelta
from typing import Any

import pytest

from miniprogram_api.core.clock import clock
from points_mall.cashier import own_accounts
from points_mall.cashier.codes import new_receipt_code
from tests.builders import bearer
from tests.points_mall.purchases.shop import audited, points_of

from .desk import Desk, everything, shopper


def claim(desk: Desk, member_id: int, code: str, key: str = "a-claim-key") -> Any:
    headers = {**bearer(member_id), "Idempotency-Key": key}
    return desk.client.post("/api/v1/receipts/claims", json={"code": code}, headers=headers)


def test_a_receipt_gives_its_points_once(desk: Desk) -> None:
    sold = desk.sale(None, 5000, "R-1")
    member, other = shopper(), shopper(phone=None)
    clock.advance(timedelta(hours=23))
    answer = claim(desk, member, sold["receipt_code"])
    assert answer.status_code == 201
    assert answer.get_json() == {
        "sale_no": sold["sale_no"],
        "store": None,
        "total_fen": 5000,
        "points_earned": 50,
        "cashback_fen": 0,
        "points_available": 50,
        "sold_at": "2026-11-21T13:00:00+08:00",
    }
    before = everything()
    again = claim(desk, member, sold["receipt_code"])
    assert again.headers["Idempotency-Replayed"] == "true"
    for who, key in ((member, "second-key"), (other, "third-key!")):
        refused = claim(desk, who, sold["receipt_code"], key)
        assert (refused.status_code, refused.get_json()["code"]) == (409, "receipt_claimed")
    assert everything() == before
    assert points_of(member) == (50, 0, 0)
    assert audited() == []


def test_a_sale_of_a_member_is_not_claimed_by_another(desk: Desk) -> None:
    sold, other = desk.sale(shopper(), 5000, "R-1"), shopper(phone=None)
    before = everything()
    answer = claim(desk, other, sold["receipt_code"])
    assert answer.get_json()["code"] == "receipt_claimed"
    assert everything() == before


def test_a_receipt_is_over_after_a_day(desk: Desk) -> None:
    sold = desk.sale(None, 5000, "R-1")
    clock.advance(timedelta(hours=24))
    before = everything()
    answer = claim(desk, shopper(), sold["receipt_code"])
    assert (answer.status_code, answer.get_json()["code"]) == (410, "receipt_over")
    after = everything()
    assert after["entries"] == before["entries"]


def test_a_refund_before_the_claim_counts(desk: Desk) -> None:
    sold = desk.sale(None, 5000, "R-1")
    desk.refund(sold["sale_no"], amount_fen=2000)
    member = shopper()
    told = claim(desk, member, sold["receipt_code"]).get_json()
    assert (told["points_earned"], told["points_available"]) == (50, 30)
    assert points_of(member) == (30, 0, 0)
    rest = desk.refund(sold["sale_no"]).get_json()
    assert (rest["refund_fen"], rest["points_taken_back"]) == (3000, 30)
    assert points_of(member) == (0, 0, 0)
    assert audited() == []


def test_who_sold_it_does_not_claim_it(desk: Desk) -> None:
    member = shopper()
    own_accounts.note(1, member)
    sold = desk.sale(None, 5000, "R-1")
    before = everything()
    answer = claim(desk, member, sold["receipt_code"])
    assert (answer.status_code, answer.get_json()["code"]) == (403, "own_account")
    assert everything() == before


def test_nobody_claims_more_than_five_a_day(desk: Desk) -> None:
    member = shopper()
    codes = [desk.sale(None, 1000, f"R-{n}")["receipt_code"] for n in range(6)]
    answers = [claim(desk, member, code, f"claim-key-{n}") for n, code in enumerate(codes)]
    assert [one.status_code for one in answers] == [201] * 5 + [429]
    assert answers[-1].get_json()["code"] == "daily_cap_used"
    assert points_of(member) == (50, 0, 0)


@pytest.mark.parametrize("code", ["", "8" * 20 + "9", "８９" + "0" * 18, None, 89])
def test_what_is_no_receipt_code_is_refused(desk: Desk, code: Any) -> None:
    answer = claim(desk, shopper(), code)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "validation_failed")


def test_unknown_receipts_are_not_found_and_paced(desk: Desk) -> None:
    member = shopper()
    answers = [claim(desk, member, new_receipt_code(), f"claim-key-{n}") for n in range(11)]
    assert [one.status_code for one in answers] == [404] * 10 + [429]
    assert answers[0].get_json()["code"] == "no_such_receipt"
