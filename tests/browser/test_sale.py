"""The sale at the counter: scan, amount, Enter."""

from playwright.sync_api import expect

from points_mall.tiers.services import set_tier

from .marks import IN_CHROMIUM
from .shop import Shop, coupon, member, points_of
from .till import Till

pytestmark = IN_CHROMIUM


def test_a_sale_is_three_acts(shop: Shop, till: Till) -> None:
    zhang = member(points=3072, tier="platinum")
    till.scan_member(shop.code_of(zhang))
    expect(till.page.locator("#member .person")).to_contain_text("张*华")
    expect(till.page.locator("#member .person")).to_contain_text("VIP会员 9.5 折")
    expect(till.page.locator("#member .person")).to_contain_text("138****5991")

    till.type("128")
    till.pays("¥121.60")
    till.press("Enter")
    till.wait_until_done(by_itself=True)

    (sale,) = till.sold()
    assert sale["payable_fen"] == 12160
    assert sale["points_earned"] == 145
    assert sale["member"] == {"name_masked": "张*华"}
    assert points_of(zhang) == 3217
    till.shows_amount("0.00")


def test_a_hand_faster_than_the_line_still_sells_to_the_member_at_the_right_price(
    shop: Shop, till: Till
) -> None:
    till.scan(shop.code_of(member(tier="platinum")))
    till.type("128\n", gap_ms=60)
    till.wait_until_done()
    assert [sale["payable_fen"] for sale in till.sold()] == [12160]


def test_a_sale_without_a_member_gives_a_receipt_to_claim(till: Till) -> None:
    till.type("21.90")
    till.pays("¥21.90")
    till.press("Enter")
    till.wait_until_done()
    till.page.click("#print-last")
    receipt = till.page.locator("#receipt")
    assert till.page.evaluate("window.printed") == 1
    assert "24 小时内用小程序扫码补积分" in (receipt.text_content() or "")
    assert receipt.locator("svg path").count() == 1


def test_a_hand_typed_amount_stays_an_amount(till: Till) -> None:
    till.type("123456.78", gap_ms=60)
    till.shows_amount("123456.78")
    till.pays("¥123,456.78")
    till.press("Escape")
    till.type("12+30")
    till.shows_amount("12+30")
    expect(till.page.locator("#amount-sum")).to_have_text("= 42.00")
    till.pays("¥42.00")


def test_what_is_no_amount_is_not_sold(till: Till) -> None:
    till.type("12+")
    till.press("Enter")
    till.says("算式还没写完")
    till.press("Escape")
    till.press("Enter")
    till.says("请输入金额")
    assert till.sold() == []


def test_points_are_used_with_f4_and_some_of_them_by_number(shop: Shop, till: Till) -> None:
    zhang = member(points=3072)
    till.scan_member(shop.code_of(zhang))
    till.type("100")
    till.pays("¥100.00")
    till.press("F4")
    till.pays("¥69.28")
    assert till.lines()[-1].endswith("−¥30.72")
    till.press("F4")
    till.pays("¥100.00")
    till.page.click("#some-points")
    till.page.fill("#points [name=points]", "1000")
    till.press("Enter")
    till.pays("¥90.00")
    till.press("Enter")
    till.wait_until_done()
    assert points_of(zhang) == 3072 - 1000 + 90


def test_the_best_coupon_is_proposed_and_another_can_be_picked(shop: Shop, till: Till) -> None:
    zhang = member()
    small = coupon(zhang, "满 100 减 15", 1500, 10000)
    large = coupon(zhang, "满 120 减 20", 2000, 12000)
    out_of_reach = coupon(zhang, "满 200 减 40", 4000, 20000)
    till.scan_member(shop.code_of(zhang))
    till.type("128")
    till.pays("¥108.00")
    expect(till.page.locator(f"[data-coupon='{large}']")).to_have_attribute("aria-pressed", "true")
    unusable = till.page.locator(f"[data-coupon='{out_of_reach}']")
    expect(unusable).to_be_disabled()
    expect(unusable).to_contain_text("还差 ¥72.00")

    till.page.click(f"[data-coupon='{small}']")
    till.pays("¥113.00")
    till.page.click(f"[data-coupon='{small}']")
    till.pays("¥128.00")
    till.page.click("#best")
    till.pays("¥108.00")
    till.press("ArrowUp")
    till.pays("¥128.00")
    till.press("ArrowDown")
    till.pays("¥108.00")


def test_the_wallet_pays_what_is_left(shop: Shop, till: Till) -> None:
    till.scan_member(shop.code_of(member(wallet_fen=12800)))
    till.type("150")
    till.pays("¥150.00")
    till.page.click("#use-wallet")
    till.pays("¥22.00")


def test_a_member_found_by_phone_earns_and_cannot_spend(shop: Shop, till: Till) -> None:
    zhang = member(points=500)
    till.press("F2")
    till.page.fill("#look-up [name=last4]", "5991")
    till.press("Enter")
    till.page.click("#found .choice")
    expect(till.page.locator("#earn-only")).to_be_visible()
    expect(till.page.locator("#use-points")).to_have_count(0)
    till.press("F4")
    till.says("仅积分")
    till.type("50")
    till.pays("¥50.00")
    till.press("Enter")
    till.wait_until_done()
    assert points_of(zhang) == 550


def test_a_price_that_changed_is_shown_and_asked_again(shop: Shop, till: Till) -> None:
    zhang = member(tier="gold")
    till.scan_member(shop.code_of(zhang))
    till.type("100")
    till.pays("¥98.00")
    set_tier(zhang, "diamond")
    till.press("Enter")
    till.says("价格有变化")
    till.pays("¥90.00")
    assert till.sold() == []
    till.press("Enter")
    till.wait_until_done()
    assert [sale["payable_fen"] for sale in till.sold()] == [9000]


def test_a_large_sale_waits_for_the_manager(till: Till) -> None:
    till.type("6000")
    till.pays("¥6,000.00")
    expect(till.page.locator("#approval-note")).to_be_visible()
    till.press("Enter")
    till.page.fill("#approval [name=username]", "li")
    till.page.fill("#approval [name=password]", "three blue umbrellas")
    till.press("Enter")
    till.wait_until_done()
    assert [sale["payable_fen"] for sale in till.sold()] == [600000]


def test_a_key_held_down_sells_once_and_any_key_ends_the_tick(till: Till) -> None:
    till.type("12")
    till.pays("¥12.00")
    for _repeat in range(3):
        till.page.keyboard.down("Enter")
    till.page.keyboard.up("Enter")
    till.page.wait_for_selector("#done:not([hidden])")
    till.type("3")
    expect(till.page.locator("#done")).to_be_hidden()
    till.shows_amount("3")
    assert [sale["payable_fen"] for sale in till.sold()] == [1200]
