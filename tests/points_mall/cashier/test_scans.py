"""Scans: what a cashier learns of a member, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from miniprogram_api.core.clock import clock
from miniprogram_api.core.redis import redis_client
from miniprogram_api.members.services import close_account
from miniprogram_api.risk.blocks import block
from miniprogram_api.risk.subjects import Kind
from points_mall.cashier import own_accounts
from points_mall.cashier.codes import new_member_code
from points_mall.cashier.customers import masked_name

from .desk import (
    Desk,
    acts,
    coupon_of,
    everything,
    live_code,
    number_of,
    person,
    shopper,
    signed_in,
)


def test_a_live_code_shows_the_member_masked(desk: Desk) -> None:
    member = shopper(tier="gold", points=3072, principal_fen=12800)
    coupon = coupon_of(member)
    answer = desk.scan(live_code(member))
    told = answer.get_json()
    assert (answer.status_code, told["kind"], told["spends"]) == (201, "member", True)
    assert told["expires_at"] == "2026-11-21T13:10:00+08:00"
    card = told["member"]
    assert (card["name_masked"], card["phone_masked"]) == ("张*华", "138****5991")
    assert card["tier"]["name"] == "金卡"
    assert (card["tier"]["discount_bp"], card["tier"]["points_multiplier_bp"]) == (500, 15_000)
    assert card["tier"]["next"]["code"] == "diamond"
    assert card["points"] == {"available": 3072, "worth_fen": 3072}
    assert (card["balance_fen"], card["last_visit"]) == (12800, None)
    assert [(one["code"], one["usable"], one["reason"]) for one in card["coupons"]] == [
        (coupon, True, None)
    ]
    assert "13800135991" not in answer.text
    assert number_of(member) not in answer.text


def test_the_last_visit_is_shown(desk: Desk) -> None:
    member = shopper()
    desk.sale(member, 8650, "R-1")
    clock.advance(timedelta(hours=1))
    visit = desk.scan(live_code(member)).get_json()["member"]["last_visit"]
    assert visit == {"at": "2026-11-21T13:00:00+08:00", "total_fen": 8650}


def test_a_static_number_says_that_it_only_earns(desk: Desk) -> None:
    told = desk.scan(number_of(shopper())).get_json()
    assert (told["kind"], told["spends"]) == ("member", False)


def test_a_scan_can_be_read_again(desk: Desk) -> None:
    first = desk.scan(live_code(shopper())).get_json()
    assert desk.get(f"/scans/{first['scan_id']}").get_json() == first


@pytest.mark.parametrize(
    ("scan", "look"),
    [
        ("134567890123456789", "payment_code_wechat"),
        ("281234567890123456", "payment_code_alipay"),
        ("6212345678901234567", "payment_code_unionpay"),
        ("6901234567892\r", "goods_barcode"),
        ("88000000000000000A", "nothing"),
        ("88000000000000000", "nothing"),
        ("8800000000000000050", "nothing"),
        ("８８０００００００００００００００５", "nothing"),
        ("12+30", "nothing"),
        ("' OR 1=1 --", "nothing"),
        ("\x1b[31m\u202e", "nothing"),
    ],
)
def test_what_is_no_member_code_says_what_it_looks_like(desk: Desk, scan: str, look: str) -> None:
    answer = desk.scan(scan)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "not_a_member_code")
    assert answer.get_json()["looks_like"] == look


@pytest.mark.parametrize("scan", ["", "8" * 129, 88, None, ["88"]])
def test_what_is_no_scan_is_refused(desk: Desk, scan: Any) -> None:
    answer = desk.scan(scan)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "validation_failed")


def test_a_code_is_scanned_once_and_the_loser_hears_where(desk: Desk, other_desk: Desk) -> None:
    code = live_code(shopper())
    assert desk.scan(f"{code}\r").status_code == 201
    before = everything()
    for who in (desk, other_desk):
        answer = who.scan(code)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "code_used")
        assert answer.get_json()["till"] == "T1"
        assert answer.get_json()["used_at"] == "2026-11-21T13:00:00+08:00"
    assert everything() == before


def test_the_database_remembers_a_used_code_that_redis_has_lost(desk: Desk) -> None:
    code = live_code(shopper())
    desk.scan(code)
    redis_client().flushall()
    assert desk.scan(code).get_json()["code"] == "code_used"


def test_an_older_redis_does_not_make_a_code_good_again(desk: Desk) -> None:
    code = live_code(shopper())
    desk.scan(code)
    (key,) = redis_client().scan_iter("member_code:*")
    redis_client().hdel(key, "used_at", "till")
    assert desk.scan(code).get_json()["code"] == "code_used"


def test_a_screenshot_after_two_minutes_is_refused(desk: Desk) -> None:
    code = live_code(shopper())
    clock.advance(timedelta(minutes=2))
    answer = desk.scan(code)
    assert (answer.status_code, answer.get_json()["code"]) == (410, "code_expired")


def test_closed_blocked_and_own_accounts_are_refused(desk: Desk) -> None:
    gone, blocked, own = shopper(), shopper(phone=None), shopper(phone=None)
    codes = [live_code(one) for one in (gone, blocked, own)]
    close_account(gone)
    block(Kind.MEMBER, str(blocked), reason="tests", actor="tests")
    own_accounts.note(1, own)
    answers = [desk.scan(code) for code in codes]
    assert [(one.status_code, one.get_json()["code"]) for one in answers] == [
        (410, "account_closed"),
        (403, "member_blocked"),
        (403, "own_account"),
    ]


def test_ten_unknown_codes_lock_the_till_and_a_manager_opens_it(desk: Desk, manager: Desk) -> None:
    for _ in range(10):
        assert desk.scan(new_member_code()).get_json()["code"] == "unknown_code"
    locked = desk.scan(live_code(shopper()))
    assert (locked.status_code, locked.get_json()["code"]) == (429, "till_locked")
    assert locked.headers["Retry-After"] == "600"
    shown = desk.get("/tills/current").get_json()
    assert shown["locked_until"] == "2026-11-21T13:10:00+08:00"
    assert desk.post("/tills/T1/unlock", {"reason": "试扫"}).get_json()["code"] == "role_too_low"

    assert manager.post("/tills/T1/unlock", {"reason": "顾客的旧截图"}).status_code == 200
    assert desk.scan(live_code(shopper(phone=None))).status_code == 201
    assert [subject for _, subject in acts("till.unlock")] == ["till:1"]


def test_a_lock_ends_by_itself(desk: Desk) -> None:
    for _ in range(10):
        desk.scan(new_member_code())
    clock.advance(timedelta(minutes=10))
    assert desk.scan(live_code(shopper())).status_code == 201


def test_a_good_code_forgives_slips_and_other_tills_are_not_concerned(
    desk: Desk, other_desk: Desk
) -> None:
    for _ in range(9):
        desk.scan(new_member_code())
    assert desk.scan(live_code(shopper())).status_code == 201
    for _ in range(9):
        desk.scan(new_member_code())
    assert desk.scan(new_member_code()).get_json()["code"] == "unknown_code"
    assert desk.scan(new_member_code()).get_json()["code"] == "till_locked"
    assert other_desk.scan(live_code(shopper(phone=None))).status_code == 201


def test_unknown_numbers_count_too(desk: Desk) -> None:
    for _ in range(10):
        assert desk.scan("8000000000000003").get_json()["code"] == "unknown_code"
    assert desk.scan("8000000000000003").get_json()["code"] == "till_locked"


def test_scans_are_paced(desk: Desk) -> None:
    answers = [desk.scan("6901234567892").status_code for _ in range(40)]
    assert 429 in answers


def test_members_are_found_by_the_end_of_their_phone_and_only_earn(desk: Desk) -> None:
    first = shopper(points=500)
    shopper(nickname="王五", phone="+8613900005991")
    shopper(nickname="别人", phone="+8613900001234")
    answer = desk.get("/members?phone_last4=5991")
    items = answer.get_json()["items"]
    assert [(one["name_masked"], one["phone_masked"]) for one in items] == [
        ("张*华", "138****5991"),
        ("王*", "139****5991"),
    ]
    assert "13800135991" not in answer.text
    assert acts("till.look_up") == [("staff:chen", "till:1")]

    chosen = items[0]["scan_id"]
    assert desk.get(f"/scans/{chosen}").get_json()["spends"] is False
    assert desk.quote(5000, scan_id=chosen, use_points=True).status_code == 403
    sold = desk.sell(desk.quoted(5000, scan_id=chosen)["quote_id"], "R-1").get_json()
    assert (sold["points_earned"], sold["points_available"]) == (50, 550)
    assert first is not None


def test_look_ups_are_paced_for_each_person(desk: Desk, other_desk: Desk) -> None:
    answers = [desk.get("/members?phone_last4=5991").status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    assert other_desk.get("/members?phone_last4=5991").status_code == 200


def test_too_many_alike_are_not_shown(desk: Desk) -> None:
    for number in range(11):
        shopper(nickname=None, phone=f"+86139{number:04d}5991")
    answer = desk.get("/members?phone_last4=5991")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "too_many_alike")


@pytest.mark.parametrize("end", ["599", "59911", "59a1", "５９９１", "", "%00"])
def test_what_is_no_end_of_a_phone_is_refused(desk: Desk, end: str) -> None:
    assert desk.get(f"/members?phone_last4={end}").status_code in {400, 422}


def test_nobody_is_found_whose_account_is_closed(desk: Desk) -> None:
    close_account(shopper())
    assert desk.get("/members?phone_last4=5991").get_json()["items"] == []


@pytest.mark.parametrize(
    ("name", "masked"), [("张", "*"), ("王五", "王*"), ("张爱华", "张*华"), ("会员8000", "会*0")]
)
def test_names_are_masked(name: str, masked: str) -> None:
    assert masked_name(name) == masked


class TestWithoutRedis:
    """Live codes are closed, static numbers earn."""

    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"REDIS_URL": "unix:///nowhere/redis.sock"}

    def test_a_static_number_earns(self, desk: Desk) -> None:
        refused = desk.scan("880000000000000005")
        assert (refused.status_code, refused.get_json()["code"]) == (503, "try_later")
        assert int(refused.headers["Retry-After"]) > 0
        scan_id = desk.scan(number_of(shopper())).get_json()["scan_id"]
        sold = desk.sell(desk.quoted(5000, scan_id=scan_id)["quote_id"], "R-1").get_json()
        assert sold["points_earned"] == 50


def test_a_till_of_another_store_is_closed_to_a_cashier(desk: Desk, manager: Desk) -> None:
    here = Desk(desk.client, signed_in(person("qian", "cashier", store="S01")), till="T11")
    there = Desk(desk.client, signed_in(person("sun", "cashier", store="S02")), till="T11")
    assert here.scan(live_code(shopper())).status_code == 201
    answer = there.scan(live_code(shopper(phone=None)))
    assert (answer.status_code, answer.get_json()["code"]) == (403, "other_store")
