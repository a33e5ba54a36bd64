"""What a scan looks like: ours, a payment code, goods, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.core.ids import luhn_digit
from miniprogram_api.members.rules import new_member_no
from points_mall.cashier import codes
from points_mall.cashier.codes import Look, cleaned, is_goods, look_of
from points_mall.coupons import numbers as coupon_numbers
from points_mall.redemption import pickup_codes

MEMBER_CODE = "880000000000000005"


def test_a_member_code_has_eighteen_digits_and_begins_with_88() -> None:
    made = {codes.new_member_code() for _ in range(200)}
    assert len(made) == 200
    assert {(len(one), one[:2], one.isdigit()) for one in made} == {(18, "88", True)}
    assert {look_of(one) for one in made} == {Look.MEMBER_CODE}


def test_a_receipt_code_has_twenty_digits_and_begins_with_89() -> None:
    made = codes.new_receipt_code()
    assert (len(made), made[:2], look_of(made)) == (20, "89", Look.RECEIPT)


def test_what_else_is_ours_is_known() -> None:
    assert look_of(pickup_codes.new_code()) is Look.PICKUP
    assert look_of(new_member_no()) is Look.MEMBER_NUMBER
    assert look_of(coupon_numbers.new_number()) is Look.COUPON


@pytest.mark.parametrize(
    ("scan", "look"),
    [
        (MEMBER_CODE, Look.MEMBER_CODE),
        ("880000000000000008", Look.NOTHING),  # a wrong check digit
        ("88000000000000000", Look.NOTHING),  # 17
        ("8800000000000000050", Look.NOTHING),  # 19
        ("100000000000000000", Look.WECHAT),
        ("134567890123456789", Look.WECHAT),
        ("159999999999999999", Look.WECHAT),
        ("160000000000000000", Look.NOTHING),
        ("13456789012345678", Look.NOTHING),
        ("2500000000000000", Look.ALIPAY),
        ("301234567890123456789012", Look.ALIPAY),
        ("3012345678901234567890123", Look.NOTHING),
        ("240000000000000000", Look.NOTHING),
        ("6212345678901234567", Look.UNIONPAY),
        ("621234567890123456", Look.NOTHING),
        ("6901234567892", Look.GOODS),  # EAN-13
        ("6901234567893", Look.NOTHING),
        ("036000291452", Look.GOODS),  # UPC-A
        ("96385074", Look.GOODS),  # EAN-8
        ("96385075", Look.NOTHING),
        ("", Look.NOTHING),
        ("8", Look.NOTHING),
        ("88000000000000000A", Look.NOTHING),
        ("８８００００００００００００００００９", Look.NOTHING),  # full-width
        ("٨٨٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٥", Look.NOTHING),
        ("8" * 10_000, Look.NOTHING),
    ],
)
def test_a_scan_is_told_apart(scan: str, look: Look) -> None:
    assert look_of(scan) is look


@pytest.mark.parametrize(
    "scan", [f"{MEMBER_CODE}\r", f"{MEMBER_CODE}\r\n", f"\t{MEMBER_CODE} ", f"]C1{MEMBER_CODE}\t"]
)
def test_what_guns_put_around_a_code_is_trimmed(scan: str) -> None:
    assert cleaned(scan) == MEMBER_CODE


def test_noise_within_a_code_is_no_noise() -> None:
    assert cleaned("8800 0000") == "8800 0000"
    assert look_of("88000000000 0000005") is Look.NOTHING


@given(st.text(max_size=200))
def test_any_text_looks_like_something(text: str) -> None:
    assert look_of(cleaned(text)) in Look


@given(st.integers(0, 10**15 - 1), st.integers(0, 17), st.integers(1, 9))
def test_every_single_wrong_digit_of_a_member_code_is_found(
    number: int, place: int, more: int
) -> None:
    body = f"88{number:015d}"
    code = body + luhn_digit(body)
    wrong = code[:place] + str((int(code[place]) + more) % 10) + code[place + 1 :]
    assert look_of(code) is Look.MEMBER_CODE
    assert look_of(wrong) is not Look.MEMBER_CODE


@given(st.integers(0, 10**12 - 1))
def test_goods_barcodes_are_known_by_their_check_digit(number: int) -> None:
    assert sum(is_goods(f"{number:012d}{digit}") for digit in range(10)) == 1
