"""Member codes: fresh, short-lived, taken once; and what a till hears of all others."""

from datetime import timedelta

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.errors import SlowDown
from miniprogram_api.core.redis import RedisAway, redis_client
from miniprogram_api.members.errors import AccountClosed
from miniprogram_api.members.services import close_account
from miniprogram_api.risk.blocks import block
from miniprogram_api.risk.subjects import Kind
from points_mall.cashier import issuing
from points_mall.cashier.errors import CodeExpired, CodeUsed, MemberBlocked, UnknownCode
from tests.builders import bearer, shanghai

from .desk import shopper


def test_the_phone_is_told_a_code_and_when_to_ask_again(mall: Flask) -> None:
    headers = bearer(shopper())
    answer = mall.test_client().get("/api/v1/members/me/code", headers=headers)
    told = answer.get_json()
    assert answer.status_code == 200
    assert (len(told["code"]), told["code"][:2]) == (18, "88")
    assert told["expires_at"] == "2026-11-21T13:01:00+08:00"
    assert told["server_time"] == "2026-11-21T13:00:00+08:00"
    assert told["refresh_after_seconds"] == 30


def test_a_code_is_taken_once(mall: Flask) -> None:
    member = shopper()
    code = issuing.issue(member).code
    assert issuing.take(code, "T1").member_id == member
    with pytest.raises(CodeUsed) as refused:
        issuing.take(code, "T2")
    assert refused.value.numbers == {"used_at": shanghai("2026-11-21 13:00"), "till": "T1"}


def test_a_screenshot_after_two_minutes_is_refused(mall: Flask) -> None:
    code = issuing.issue(shopper()).code
    clock.advance(timedelta(seconds=59))
    issuing.take(issuing.issue(shopper(phone=None)).code, "T1")  # others go on
    clock.advance(timedelta(seconds=61))
    with pytest.raises(CodeExpired):
        issuing.take(code, "T1")


def test_a_code_ends_to_the_second(mall: Flask) -> None:
    early, late = (issuing.issue(shopper(phone=None)).code for _ in range(2))
    clock.advance(timedelta(seconds=59, milliseconds=999))
    issuing.take(early, "T1")
    clock.advance(timedelta(milliseconds=1))
    with pytest.raises(CodeExpired):
        issuing.take(late, "T1")


def test_the_next_code_leaves_the_one_before_five_seconds(mall: Flask) -> None:
    member = shopper()
    first = issuing.issue(member).code
    clock.advance(timedelta(seconds=30))
    second = issuing.issue(member).code
    clock.advance(timedelta(seconds=4))
    third = issuing.issue(member).code
    issuing.take(first, "T1")
    clock.advance(timedelta(seconds=5))
    with pytest.raises(CodeExpired):
        issuing.take(second, "T1")
    assert issuing.take(third, "T1").member_id == member


def test_the_next_code_does_not_lengthen_a_life(mall: Flask) -> None:
    member = shopper()
    first = issuing.issue(member).code
    clock.advance(timedelta(seconds=58))
    issuing.issue(member)
    clock.advance(timedelta(seconds=2))
    with pytest.raises(CodeExpired):
        issuing.take(first, "T1")


def test_a_code_that_nobody_was_given_is_unknown(mall: Flask) -> None:
    with pytest.raises(UnknownCode):
        issuing.take("880000000000000005", "T1")


def test_a_closed_or_blocked_member_is_given_none(mall: Flask) -> None:
    gone, blocked = shopper(), shopper(phone=None)
    close_account(gone)
    block(Kind.MEMBER, str(blocked), reason="tests", actor="tests")
    with pytest.raises(AccountClosed):
        issuing.issue(gone)
    with pytest.raises(MemberBlocked):
        issuing.issue(blocked)


def test_codes_are_paced(mall: Flask) -> None:
    member = shopper()
    for _ in range(12):
        issuing.issue(member)
    with pytest.raises(SlowDown):
        issuing.issue(member)


def test_redis_holds_no_code(mall: Flask) -> None:
    code = issuing.issue(shopper()).code
    kept = [key.decode() for key in redis_client().scan_iter()]
    values = [redis_client().hgetall(key) for key in kept if key.startswith("member_code")]
    assert not any(code in key for key in kept)
    assert not any(code in str(value) for value in values)


def test_a_code_is_remembered_for_ten_minutes_after_its_end(mall: Flask) -> None:
    issuing.issue(shopper())
    (key,) = redis_client().scan_iter("member_code:*")
    assert 655_000 < redis_client().pttl(key) <= 660_000


def test_the_same_taker_may_take_again_what_it_took_offline(mall: Flask) -> None:
    member = shopper()
    code, shown_at = issuing.issue(member).code, now()
    clock.advance(timedelta(minutes=5))
    assert issuing.take(code, "T1:R-1", shown_at=shown_at).member_id == member
    assert issuing.take(code, "T1:R-1", shown_at=shown_at).member_id == member
    with pytest.raises(CodeUsed):
        issuing.take(code, "T1:R-2", shown_at=shown_at)


def test_nobody_shows_a_code_before_it_is_issued(mall: Flask) -> None:
    moment = now()
    early, in_time = (issuing.issue(shopper(phone=None)).code for _ in range(2))
    with pytest.raises(CodeExpired):
        issuing.take(early, "T1:R-1", shown_at=moment - timedelta(seconds=6))
    issuing.take(in_time, "T1:R-2", shown_at=moment - timedelta(seconds=5))


class TestWithoutRedis:
    """Codes are closed."""

    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"REDIS_URL": "unix:///nowhere/redis.sock"}

    def test_no_code_is_issued_and_none_taken(self, mall: Flask) -> None:
        with pytest.raises(RedisAway):
            issuing.issue(shopper())
        with pytest.raises(RedisAway):
            issuing.take("880000000000000005", "T1")
