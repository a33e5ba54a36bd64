"""限时秒杀 in a real browser: stock that is live, a preview that counts down."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from miniprogram_api.core.clock import now
from miniprogram_api.merchant.forms import wall_clock
from points_mall.flash_sale import demo, services
from points_mall.flash_sale.terms import ItemTerms, SaleTerms, Slot
from tests.browser.marks import IN_CHROMIUM

from .office import Office

pytestmark = IN_CHROMIUM
HOUR = timedelta(hours=1)


@pytest.fixture
def sale(office: Office) -> int:
    """A sale that is running, and one to come."""
    begun = now().replace(second=0, microsecond=0) - HOUR
    running = SaleTerms("周末积分秒杀", (Slot(begun, begun + 24 * HOUR),), demo._RUNNING)
    (sale_id,) = services.publish(running, actor="demo")
    items = (ItemTerms("双人电影票", 1200, 30), ItemTerms("蓝牙音箱", 5800, 5, cash_fen=9900))
    services.publish(
        SaleTerms("周日秒杀", (Slot(begun + 48 * HOUR, begun + 50 * HOUR),), items), actor="demo"
    )
    return sale_id


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pages_of_sales_look_right(office: Office, sale: int, lang: str) -> None:
    office.open("/admin/flash-sales", lang=lang).looks_right(f"flash-sales-{lang}")
    office.open(f"/admin/flash-sales/{sale}").looks_right(f"flash-sale-{lang}")
    office.open("/admin/flash-sales/new?copy=2")
    starts_at = now() + HOUR
    page = office.page
    page.locator("[name=slots-0-starts_at]").fill(wall_clock(starts_at)[:16])
    page.locator("[name=slots-0-ends_at]").fill(wall_clock(starts_at + HOUR)[:16])
    expect(page.locator("#preview .countdown")).to_contain_text(":")
    office.looks_right(f"flash-sale-editor-{lang}")
    office.open("/admin/flash-sales/2/edit").looks_right(f"flash-sale-to-come-{lang}")
    office.open(f"/admin/flash-sales/{sale}/edit").looks_right(f"flash-sale-open-{lang}")


def test_a_price_is_corrected_before_the_sale_opens(office: Office, sale: int) -> None:
    page = office.open("/admin/flash-sales/2/edit").page
    page.get_by_role("textbox", name="积分价").first.fill("1300")
    expect(page.locator("#preview .phone-price").first).to_have_text("1,300 积分")
    page.get_by_role("button", name="加一件商品").click()
    page.keyboard.type("保温杯")  # the new row has the focus
    for name, value in (("积分价", "100"), ("库存", "9")):
        page.get_by_role("textbox", name=name, exact=True).last.fill(value)
    page.get_by_label("为什么改").fill("定价有误")
    page.get_by_role("button", name="保存修改").click()
    expect(page.get_by_role("status").first).to_contain_text("已保存")
    expect(page.get_by_role("row", name="双人电影票")).to_contain_text("1,300 积分")
    expect(page.get_by_role("row", name="保温杯")).to_contain_text("9 / 9")


def test_stock_is_raised_by_keyboard_and_seen_live(office: Office, sale: int) -> None:
    page = office.open(f"/admin/flash-sales/{sale}").page
    expect(page.locator("#left-1")).to_contain_text("60 / 60")
    page.get_by_role("button", name="调整库存").first.press("Enter")
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    page.keyboard.type("到货")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("已保存")
    expect(page.locator("#left-1")).to_contain_text("65 / 65")
    services.change_stock(1, -20)
    expect(page.locator("#left-1")).to_contain_text("45 / 45")
