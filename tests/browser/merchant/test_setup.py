"""The set-up of a new shop, its lights and its settings, in a real browser."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from miniprogram_api.setup import links
from tests.browser.marks import IN_CHROMIUM
from tests.browser.shop import PASSWORD, Shop
from tests.services.wechat import Simulator

from .office import WIDE, Office

pytestmark = IN_CHROMIUM


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {"WX_OPEN_BASE": simulator.url, "WX_APPID": "", "WX_SECRET": ""}


@pytest.fixture
def new_shop(app: Flask) -> Iterator[Shop]:
    """A shop that nobody runs yet."""
    shop = Shop(app)
    shop.open()
    yield shop
    shop.close()


def test_a_shop_is_set_up_from_the_link_to_the_lights(
    new_shop: Shop, open_page: Callable[..., Page]
) -> None:
    page = open_page(WIDE)
    office = Office(page, new_shop)
    office.open(f"/setup/{links.issue()}")
    office.looks_right("setup-shop-zh")
    page.fill("[name=shop_name]", "乐购")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/wechat$"))
    office.looks_right("setup-wechat-zh")
    page.fill("[name=wx_appid]", "wx0000000000000001")
    page.fill("[name=wx_secret]", "not the secret")
    page.keyboard.press("Enter")
    expect(page.locator(".invalid-feedback")).to_contain_text("AppSecret 不对")
    office.looks_right("setup-refused-zh")
    page.fill("[name=wx_secret]", "the app secret of the tests")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/owner$"))
    office.looks_right("setup-owner-zh")
    for name, value in (("name", "王老板"), ("username", "wang"), ("again", PASSWORD)):
        page.fill(f"[name={name}]", value)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/admin/setup$"))
    for code in ("earning", "checkin", "tiers"):
        office.open(f"/admin/setup/{code}")
        office.looks_right(f"setup-{code}-zh")
        page.locator("main button[type=submit]").click()
        expect(page).to_have_url(re.compile("told=published"))
    office.looks_right("setup-zh")


@pytest.fixture
def owner(new_shop: Shop, open_page: Callable[..., Page]) -> Office:
    new_shop.hire("wang", "owner", "王老板")
    return Office(open_page(WIDE), new_shop).sign_in()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_light_is_lit(owner: Office, lang: str) -> None:
    owner.open("/admin/doctor", lang=lang)
    lights = owner.page.locator("#checks [data-light]")
    expect(lights).to_have_count(owner.page.locator("#checks > li").count())
    expect(owner.page.locator("#checks [data-light=red] .setup-remedy")).not_to_have_count(0)
    owner.looks_right(f"doctor-{lang}")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_settings_are_searched_while_typing(owner: Office, lang: str) -> None:
    owner.open("/admin/settings", lang=lang).looks_right(f"settings-{lang}")
    owner.page.fill("[name=q]", "AppSecret")
    expect(owner.page.locator("#rows code")).to_have_text(["WX_SECRET"])
