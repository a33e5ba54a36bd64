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
