"""Refunds: which sale, how much, what it does, why; above the limit with a manager."""

from playwright.sync_api import expect

from .marks import IN_CHROMIUM
from .shop import PASSWORD, Shop, member, points_of
from .till import Till

pytestmark = IN_CHROMIUM


def test_every_consequence_is_shown_before_it_happens(shop: Shop, till: Till) -> None:
    zhang = member(points=1000)
    till.scan_member(shop.code_of(zhang))
    till.type("100")
    till.press("F4")
    till.pays("¥90.00")
    till.press("Enter")
    till.wait_until_done()
    assert points_of(zhang) == 90

    till.press("F8")
    till.page.click(".choice")
    amount = till.page.locator("#refund [name=amount]")
    expect(amount).to_have_value("100.00")
    amount.fill("50")
    preview = till.page.locator("#preview")
    expect(preview).to_contain_text("¥45.00")
    expect(preview).to_contain_text("−45")
    expect(preview).to_contain_text("+500")
    assert points_of(zhang) == 90

    till.page.click("#refund-go")
    expect(till.page.locator("#refund .trouble")).to_have_text("请写明原因")
    till.page.fill("#refund-reason", "质量问题")
    till.page.click("#refund-go")
    expect(till.page.locator("#refunded")).to_contain_text("已退 ¥50.00")
    assert points_of(zhang) == 545
    assert [sale["refunded_fen"] for sale in till.sold()] == [5000]


def test_goods_come_back_one_by_one(till: Till) -> None:
    till.sell_goods(("拿铁", 3, 6000), ("蛋糕", 1, 4000))
    till.press("F8")
    till.page.click(".choice")
    latte = till.page.locator("[data-line='1']")
    expect(latte).to_contain_text("可退 3 件 · ¥60.00")
    expect(till.page.locator("#preview")).to_have_text("请选择要退的商品")
    latte.locator(".choice").click()
    latte.get_by_label("减一件").click()
    till.page.click("[data-line='2'] .choice")
    preview = till.page.locator("#preview")
    expect(preview).to_contain_text("拿铁 × 2")
    expect(preview).to_contain_text("¥80.00")
    till.page.fill("#refund-reason", "顾客不想要了")
    till.page.click("#refund-go")
    expect(till.page.locator("#refunded")).to_contain_text("已退 ¥80.00")
    assert [sale["refunded_fen"] for sale in till.sold()] == [8000]

    till.page.click("#refund-window .confirm")
    till.press("F8")
    till.page.click("#refund-window .choice")
    expect(till.page.locator("[data-line='2'] .choice")).to_be_disabled()
    till.page.get_by_text("按金额").click()
    expect(till.page.locator("#refund [name=amount]")).to_have_value("20.00")


def test_goods_above_the_limit_ask_for_a_manager_and_their_value(till: Till) -> None:
    till.sell_goods(("茶具", 2, 30000))
    till.press("F8")
    till.page.click("#refund-window .choice")
    till.page.click("[data-line='1'] .choice")
    expect(till.page.locator("#preview")).to_contain_text("¥300.00")
    till.page.fill("#refund-reason", "质量问题")
    till.page.click("#refund-go")
    till.page.fill("#approval [name=username]", "li")
    till.page.fill("#approval [name=password]", PASSWORD)
    till.page.click("#approval-go")
    expect(till.page.locator("#refunded")).to_contain_text("已退 ¥300.00")


def test_above_the_limit_a_manager_signs(till: Till) -> None:
    till.type("300\n")
    till.wait_until_done()
    till.page.click("#last-sale .soft:nth-child(2)")
    till.page.fill("#refund-reason", "收错金额")
    till.page.click("#refund-go")
    expect(till.page.locator("#approval-window")).to_contain_text("超过您的退款额度 ¥200.00")
    till.page.fill("#approval [name=username]", "chen")
    till.page.fill("#approval [name=password]", PASSWORD)
    till.page.click("#approval-go")
    expect(till.page.locator("#approval .trouble")).to_have_text("没有权限")
    assert [sale["refunded_fen"] for sale in till.sold()] == [0]

    till.page.fill("#approval [name=username]", "li")
    till.page.fill("#approval [name=password]", PASSWORD)
    till.page.click("#approval-go")
    expect(till.page.locator("#refunded")).to_contain_text("已退 ¥300.00")


def test_a_scanned_receipt_opens_its_refund(till: Till) -> None:
    till.type("20\n")
    till.wait_until_done()
    code = till.page.evaluate("""async () => {
        const { state } = await import(document.querySelector('script[type=module]').src.replace('main.js', 'state.js'));
        return state.last.receipt_code;
    }""")
    till.scan(code)
    expect(till.page.locator("#refund [name=amount]")).to_have_value("20.00")


def test_a_sale_that_nobody_made_is_not_found(till: Till) -> None:
    till.press("F8")
    till.page.fill("#refund-find [name=number]", "T9-261121-00001")
    till.press("Enter")
    expect(till.page.locator("#refund-find .trouble")).to_have_text("没有找到交易")
