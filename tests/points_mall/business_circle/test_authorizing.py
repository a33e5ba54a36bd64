"""Who lets the mall see purchases: as WeChat told, and as it answers when asked."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.wechat.errors import WeChatUnavailable
from points_mall.business_circle import authorizing
from points_mall.business_circle.errors import UnknownToWeChat
from tests.builders import enrolled_member, shanghai
from tests.miniprogram_api.wechat.pay_stub import PayStub
from tests.points_mall.business_circle.mall import ACTIVATED, activated, hear, shopper
from tests.points_mall.purchases.shop import enrol

ANSWERS = "/v3/businesscircle/user-authorizations/"


def says(wechat_pay: PayStub, state: str, openid: str = "oAnna", **more: Any) -> None:
    wechat_pay.answer(ANSWERS + openid, {"openid": openid, "authorize_state": state, **more})


def test_an_authorisation_is_noted(mall: Flask) -> None:
    assert hear((ACTIVATED, activated())) == [("applied", None)]
    anna = shopper()
    assert (anna.state, anna.card_code, anna.authorized_at) == ("authorized", "8812", now())


def test_a_card_without_authorisation_is_noted_as_such(mall: Flask) -> None:
    hear((ACTIVATED, activated(authorized=False)))
    assert (shopper().state, shopper().authorized_at) == ("unauthorized", None)


@pytest.mark.parametrize("together", [True, False])
def test_both_notices_in_any_order_end_authorised(mall: Flask, together: bool) -> None:
    notices = [(ACTIVATED, activated()), (ACTIVATED, activated(authorized=False))] * 2
    for number, order in enumerate(set(itertools.permutations([0, 1, 2, 3]))):
        told = [(ACTIVATED, {**notices[at][1], "openid": f"o{number}"}) for at in order]
        if together:
            hear(*told)
        else:
            for one in told:
                hear(one)
        assert shopper(f"o{number}").state == "authorized"


def test_wechat_is_asked_soon_after_a_notice_and_then_daily(
    mall: Flask, wechat_pay: PayStub
) -> None:
    says(wechat_pay, "AUTHORIZED", authorize_time="2026-11-21T11:59:00+08:00")
    hear((ACTIVATED, activated()))
    assert authorizing.ask_about_due() == 0
    clock.advance(timedelta(minutes=1))
    assert authorizing.ask_about_due() == 1
    assert shopper().authorized_at == shanghai("2026-11-21 11:59")
    assert shopper().card_code == "8812"
    clock.advance(timedelta(hours=23))
    assert authorizing.ask_about_due() == 0
    clock.advance(timedelta(hours=1))
    assert authorizing.ask_about_due() == 1
    assert len(wechat_pay.asked) == 2


def test_a_withdrawal_is_found_by_asking(mall: Flask, wechat_pay: PayStub) -> None:
    hear((ACTIVATED, activated()))
    says(wechat_pay, "DEAUTHORIZED", deauthorize_time="2026-11-21T12:00:30+08:00")
    clock.advance(timedelta(minutes=1))
    authorizing.ask_about_due()
    assert shopper().state == "deauthorized"
    assert shopper().deauthorized_at == shanghai("2026-11-21 12:00") + timedelta(seconds=30)
    says(wechat_pay, "AUTHORIZED", authorize_time="2026-11-22T09:00:00+08:00")
    clock.advance(timedelta(days=1))
    authorizing.ask_about_due()
    assert (shopper().state, shopper().deauthorized_at) == ("authorized", None)


@pytest.mark.parametrize("answer", ["refused", "nonsense"])
def test_one_odd_shopper_does_not_keep_the_others_waiting(
    mall: Flask, wechat_pay: PayStub, answer: str
) -> None:
    hear((ACTIVATED, activated("oAnna")), (ACTIVATED, activated("oBert")))
    if answer == "refused":
        wechat_pay.refuse(ANSWERS + "oAnna", 400, "PARAM_ERROR")
    else:
        says(wechat_pay, "WHATEVER")
    says(wechat_pay, "DEAUTHORIZED", "oBert")
    clock.advance(timedelta(minutes=1))
    assert authorizing.ask_about_due() == 2
    assert (shopper("oAnna").state, shopper("oBert").state) == ("authorized", "deauthorized")
    assert authorizing.ask_about_due() == 0


def test_while_wechat_is_away_what_is_known_stays(mall: Flask, wechat_pay: PayStub) -> None:
    hear((ACTIVATED, activated()))
    wechat_pay.refuse(ANSWERS + "oAnna", 500, "SYSTEM_ERROR")
    clock.advance(timedelta(minutes=1))
    with pytest.raises(WeChatUnavailable):
        authorizing.ask_about_due()
    assert shopper().state == "authorized"


def test_a_member_of_whom_no_notice_told_is_found_by_asking(
    mall: Flask, wechat_pay: PayStub
) -> None:
    anna = enrolled_member("oAnna")
    assert authorizing.shopper_of(anna) is None
    says(wechat_pay, "AUTHORIZED", authorize_time="2026-11-21T11:00:00+08:00")
    assert authorizing.ask_about(anna).state == "authorized"
    found = authorizing.shopper_of(anna)
    assert found is not None
    assert found.authorized_at == shanghai("2026-11-21 11:00")


def test_whom_wechat_does_not_know_cannot_be_asked_about(mall: Flask) -> None:
    (nobody,) = enrol()
    with pytest.raises(UnknownToWeChat):
        authorizing.ask_about(nobody)
    assert authorizing.shopper_of(nobody) is None
