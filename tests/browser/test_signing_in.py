"""Staff sign in to the pages, in one step or two, and are led back to where they wanted to go."""

from collections.abc import Callable
from datetime import timedelta

import pyotp
from playwright.sync_api import Page, expect

from miniprogram_api.core.clock import now
from miniprogram_api.staff import accounts

from .marks import IN_CHROMIUM
from .shop import PASSWORD, Shop
from .till import Till

pytestmark = IN_CHROMIUM


def test_the_till_asks_who_it_is_and_comes_back(shop: Shop, open_page: Callable[..., Page]) -> None:
    till = Till(open_page(), shop.address)
    till.page.goto(f"{shop.address}/pos?from=panel")
    till.page.fill("[name=username]", "chen")
    till.page.fill("[name=password]", "not the password")
    till.page.click("form button")
    expect(till.page.locator("[role=alert]")).to_have_text("用户名、密码或动态码不正确")
    expect(till.page.locator("[name=username]")).to_have_value("chen")
    till.page.fill("[name=password]", PASSWORD)
    till.page.click("form button")
    till.page.wait_for_url("**/pos?from=panel")
    cookies = {cookie["name"]: cookie for cookie in till.page.context.cookies()}
    assert cookies["staff_session"]["httpOnly"]
    assert cookies["staff_session"]["sameSite"] == "Strict"


def test_a_second_factor_is_a_second_step(shop: Shop, open_page: Callable[..., Page]) -> None:
    secret, _address = accounts.begin_second_factor("chen")
    totp = pyotp.TOTP(secret)
    accounts.confirm_second_factor("chen", secret, totp.at(now() - timedelta(seconds=30)))
    till = Till(open_page(), shop.address)
    till.sign_in("chen")
    till.page.fill("[name=otp]", totp.at(now()))
    assert PASSWORD not in till.page.content()
    till.page.click("form button")
    till.page.wait_for_selector("#set-up")


def test_a_second_factor_is_set_up_by_its_picture(
    shop: Shop, open_page: Callable[..., Page]
) -> None:
    till = Till(open_page(), shop.address)
    till.sign_in("li")
    till.page.goto(f"{shop.address}/staff/second-factor?next=/pos")
    expect(till.page.locator(".picture svg")).to_be_visible()
    secret = till.page.locator("input[name=secret]").input_value()
    till.page.fill("[name=otp]", pyotp.TOTP(secret).at(now()))
    till.page.click("form button")
    till.page.wait_for_url("**/pos")
    assert [person.otp_sealed is not None for person in accounts.people()] == [False, True]


def test_signing_out_ends_the_session_and_the_page(till: Till) -> None:
    till.page.click("#menu")
    till.page.click("#sign-out")
    till.page.wait_for_url("**/staff/sign-in?next=/pos")
    till.page.goto(f"{till.address}/pos")
    expect(till.page.locator("[name=password]")).to_be_visible()


def test_a_session_that_is_over_leads_to_the_sign_in_and_back(till: Till) -> None:
    till.page.context.clear_cookies()
    till.type("12")
    till.page.wait_for_selector("[name=password]")
    till.page.fill("[name=username]", "chen")
    till.page.fill("[name=password]", PASSWORD)
    till.page.click("form button")
    till.wait_until_ready()
