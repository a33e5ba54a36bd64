from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.auth.devices import DEVICES, device_of
from miniprogram_api.members.rules import (
    age_on,
    international,
    is_birthday,
    is_member_no,
    masked_phone,
    new_member_no,
    tidied_nickname,
)
from miniprogram_api.risk.pace import address_of


def test_a_member_number_looks_like_no_other_code() -> None:
    numbers = {new_member_no() for _ in range(1000)}
    assert len(numbers) == 1000
    assert {len(number) for number in numbers} == {16}
    assert {number[:2] for number in numbers} == {"80"}
    assert all(is_member_no(number) for number in numbers)


@given(st.integers(0, 15), st.integers(1, 9))
def test_a_slip_in_any_digit_is_noticed(at: int, step: int) -> None:
    number = new_member_no()
    wrong = number[:at] + str((int(number[at]) + step) % 10) + number[at + 1 :]
    assert not is_member_no(wrong)


@pytest.mark.parametrize("number", ["", "80", "8" * 16, "８" * 16, "80" + "a" * 14, "1" * 17])
def test_what_is_no_member_number(number: str) -> None:
    assert not is_member_no(number)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("小李", "小李"),
        ("  小李 \u3000 同学 ", "小李 同学"),
        ("cafe\u0301", "caf\u00e9"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("O'Brien; DROP TABLE", "O'Brien; DROP TABLE"),
        ("{{7*7}}", "{{7*7}}"),
        ("李" * 32, "李" * 32),
        ("", None),
        (" \u3000", None),
        ("\u200b", None),
        ("\u200d", None),
        ("李\u202e明", None),
        ("李\x00", None),
        ("李\ud800", None),
        ("\ue000", None),
        ("李" * 33, None),
    ],
)
def test_nicknames(given: str, kept: str | None) -> None:
    assert tidied_nickname(given) == kept


@given(st.text(max_size=60))
def test_tidying_twice_is_tidying_once(given: str) -> None:
    nickname = tidied_nickname(given)
    if nickname is not None:
        assert tidied_nickname(nickname) == nickname


@pytest.mark.parametrize(
    ("birthday", "day", "years"),
    [
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
        (date(2012, 11, 21), date(2026, 11, 20), 13),
        (date(2012, 11, 21), date(2026, 11, 21), 14),
        (date(2026, 11, 21), date(2026, 11, 21), 0),
    ],
)
def test_ages(birthday: date, day: date, years: int) -> None:
    assert age_on(birthday, day) == years


@pytest.mark.parametrize(
    ("day", "possible"),
    [
        (date(2026, 11, 21), True),
        (date(2026, 11, 22), False),
        (date(1896, 11, 21), True),
        (date(1895, 11, 21), False),
        (date(1, 1, 1), False),
    ],
)
def test_birthdays(day: date, possible: bool) -> None:
    assert is_birthday(day, date(2026, 11, 21)) is possible


@pytest.mark.parametrize(
    ("number", "country", "masked"),
    [
        ("13800138000", "86", "138****8000"),
        ("91234567", "852", "+85****4567"),
        ("12345", "1", "+****45"),
    ],
)
def test_masked_phones(number: str, country: str, masked: str) -> None:
    assert masked_phone(international(number, country)) == masked


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) MicroMessenger/8.0", "iphone"),
        ("Mozilla/5.0 (iPad; CPU OS 19_0)", "ipad"),
        ("Mozilla/5.0 (Linux; Android 16; V2403A) MicroMessenger", "android"),
        ("Mozilla/5.0 (Phone; OpenHarmony 6.0)", "harmony"),
        ("Mozilla/5.0 (Windows NT 10.0) MiniProgramEnv/Windows", "windows"),
        ("Mozilla/5.0 (iPhone) wechatdevtools/1.06", "devtools"),
        ("curl/8", "other"),
        ("", "other"),
        ("x" * 100_000 + "iphone", "other"),
    ],
)
def test_devices(agent: str, device: str) -> None:
    assert device_of(agent) == device
    assert device in DEVICES


@pytest.mark.parametrize(
    ("remote", "caller"),
    [
        ("203.0.113.9", "a:203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "a:2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "a:2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "a:203.0.113.9"),
        ("", "a:unknown"),
        (None, "a:unknown"),
        ("unix:", "a:unknown"),
        ("}:{evil", "a:unknown"),
    ],
)
def test_addresses(remote: str | None, caller: str) -> None:
    assert address_of(remote) == caller
