"""Codes that are typed in: each good for one coupon, guesses paced and counted; files judged whole."""

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.errors import SlowDown
from miniprogram_api.repeats.records import Claim
from points_mall.coupons import code_file, codes
from points_mall.coupons.errors import (
    CodeNotValid,
    CouponLimitUsed,
    FileRefused,
    NotForYou,
    TooManyWrongCodes,
)
from points_mall.coupons.models import Coupon, CouponOutsideCode
from points_mall.coupons.outside import HAND_OUT, REDEEM, carried_by
from points_mall.coupons.terms import Audience, Limits
from tests.builders import shanghai

from .conftest import count, coupons_of, enrol, give, template

pytestmark = pytest.mark.usefixtures("all_is_right")


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"COUPON_CODES_PER_MINUTE": 0, "COUPON_WRONG_CODES_PER_DAY": 3}


def imported(path: Path, text: str | bytes, code: str = "five", purpose: str = REDEEM) -> Any:
    file = path / "codes.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return code_file.import_codes(file, code, purpose, "batch")


def typed(member: int, code: str, key: str = "k") -> tuple[Any, bool]:
    answer, is_repeat = codes.redeem(member, code, Claim(f"member:{member}", f"{key}{code}", code))
    return answer.body, is_repeat


def test_a_code_brings_one_coupon(app: Flask, tmp_path: Path) -> None:
    template()
    one, two = enrol(2)
    imported(tmp_path, "code\nABCD-1234\nABCD-5678\n")
    body, is_repeat = typed(one, " abcd-1234 ")
    assert (body["template"], body["title"], is_repeat) == ("five", "五元券", False)
    assert [row.code for row in coupons_of(one)] == body["codes"]
    assert typed(one, " abcd-1234 ") == (body, True)
    for member in (one, two):
        with pytest.raises(CodeNotValid):
            typed(member, "ABCD-1234", "another key ")
    assert count(Coupon) == 1


def test_wrong_codes_are_counted_and_end_the_day(app: Flask, tmp_path: Path) -> None:
    template()
    (member,) = enrol()
    clock.set(shanghai("2026-11-21 23:00"))
    imported(tmp_path, "ABCD-1234")
    for number in range(3):
        with pytest.raises(CodeNotValid):
            typed(member, f"ABCD-000{number}")
    with pytest.raises(TooManyWrongCodes) as refused:
        typed(member, "ABCD-1234")
    assert refused.value.retry_after_seconds == 3601
    assert count(Coupon) == 0
    clock.set(shanghai("2026-11-22 00:00"))
    typed(member, "ABCD-1234")
    assert len(coupons_of(member)) == 1


def test_who_may_not_have_the_coupon_leaves_the_code_for_others(app: Flask, tmp_path: Path) -> None:
    template(limits=Limits(per_member=1))
    template("fresh", audience=Audience(new_within_days=1))
    one, two = enrol(2)
    imported(tmp_path, "ABCD-1234\nABCD-5678")
    imported(tmp_path, "FRESH-0001", "fresh")
    typed(one, "ABCD-1234")
    with pytest.raises(CouponLimitUsed):
        typed(one, "ABCD-5678")
    typed(two, "ABCD-5678")
    clock.set(shanghai("2026-11-22 00:00"))
    with pytest.raises(NotForYou) as refused:
        typed(one, "FRESH-0001")
    assert refused.value.numbers == {"audience": "new"}
    assert (len(coupons_of(one)), len(coupons_of(two))) == (1, 1)


def test_of_many_who_type_the_same_code_one_gets_the_coupon(app: Flask, tmp_path: Path) -> None:
    template()
    members = enrol(12)
    imported(tmp_path, "ABCD-1234")
    answers: list[str] = []

    def type_it(member: int) -> None:
        with app.app_context():
            try:
                typed(member, "ABCD-1234")
                answers.append("mine")
            except CodeNotValid:
                answers.append("gone")

    threads = [threading.Thread(target=type_it, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {"mine": 1, "gone": 11}
    assert count(Coupon) == 1


class TestPace:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"COUPON_CODES_PER_MINUTE": 1, "COUPON_CODES_BURST": 2}

    def test_tries_are_paced_right_or_wrong(self, app: Flask, tmp_path: Path) -> None:
        template()
        (member,) = enrol()
        imported(tmp_path, "ABCD-1234")
        for number in range(2):
            with pytest.raises(CodeNotValid):
                typed(member, f"ABCD-000{number}")
        with pytest.raises(SlowDown):
            typed(member, "ABCD-1234")
        assert count(Coupon) == 0


@pytest.mark.parametrize(
    "text",
    [
        "ABCD-1234\r\nABCD-5678\r\n",
        "\ufeff兑换码,备注\nABCD-1234,第一\nABCD-5678,第二\n",
        "兑换码,备注\nABCD-1234,第一\n\n ,\nABCD-5678,第二\n".encode("gbk"),
        b"abcd-1234\nabcd-5678",
    ],
)
def test_files_as_spreadsheets_write_them(app: Flask, tmp_path: Path, text: str | bytes) -> None:
    template()
    done = imported(tmp_path, text)
    assert (done.count, done.served, count(CouponOutsideCode)) == (2, 0, 2)


def test_a_file_with_one_wrong_line_is_refused_whole(app: Flask, tmp_path: Path) -> None:
    template()
    imported(tmp_path, "KNOWN-0001")
    text = 'GOOD-0001\n=1+1\n"",note\nGOOD-0001\nno\nKNOWN-0001\n+8613800138000\nGOOD-0002\n'
    with pytest.raises(FileRefused) as refused:
        imported(tmp_path, text)
    assert refused.value.numbers["lines"] == [
        {"line": 2, "problem": "formula"},
        {"line": 3, "problem": "empty"},
        {"line": 4, "problem": "the same as line 1"},
        {"line": 5, "problem": "not a code: 6 to 64 letters, digits, - or _"},
        {"line": 6, "problem": "imported before"},
        {"line": 7, "problem": "formula"},
    ]
    assert count(CouponOutsideCode) == 1


def test_a_file_of_nothing_or_of_no_text_is_refused(app: Flask, tmp_path: Path) -> None:
    template()
    for text in (b"", b"code\n", b"\xff\xff\xff\xff"):
        with pytest.raises(FileRefused):
            imported(tmp_path, text)
    assert count(CouponOutsideCode) == 0


def test_each_coupon_carries_a_code_and_those_that_waited_are_served_first(
    app: Flask, tmp_path: Path
) -> None:
    template("film", hands_out_codes=True)
    (member,) = enrol()
    imported(tmp_path, "FILM-0001\nFILM-0002", "film", HAND_OUT)
    give(member, "film", 3)
    rows = coupons_of(member)
    assert carried_by(row.id for row in rows) == {rows[0].id: "FILM-0001", rows[1].id: "FILM-0002"}
    done = imported(tmp_path, "FILM-0003\nFILM-0004", "film", HAND_OUT)
    assert (done.count, done.served) == (2, 1)
    give(member, "film")
    rows = coupons_of(member)
    assert sorted(carried_by(row.id for row in rows).items()) == [
        (row.id, f"FILM-000{number}") for number, row in enumerate(rows, start=1)
    ]


def test_codes_go_where_the_terms_say(app: Flask, tmp_path: Path) -> None:
    template()
    template("film", hands_out_codes=True)
    for code, purpose in (("five", HAND_OUT), ("film", REDEEM)):
        with pytest.raises(FileRefused):
            imported(tmp_path, "ABCD-1234", code, purpose)
    assert count(CouponOutsideCode) == 0
