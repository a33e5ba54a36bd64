"""What a scanner gun types, whatever has the focus and whatever the input method does."""

from playwright.sync_api import expect

from .marks import IN_CHROMIUM
from .shop import Shop, member
from .till import Till

pytestmark = IN_CHROMIUM


def test_an_input_method_does_not_break_a_scan(shop: Shop, till: Till) -> None:
    till.scan(shop.code_of(member()), ime=True)
    expect(till.page.locator("#member .person")).to_be_visible()
    till.shows_amount("0.00")


def test_a_scan_leaves_the_amount_as_it_was(shop: Shop, till: Till) -> None:
    till.type("128")
    till.pays("¥128.00")
    till.page.wait_for_timeout(150)
    till.scan_member(shop.code_of(member(tier="platinum")))
    till.shows_amount("128")
    till.pays("¥121.60")


def test_a_scan_into_a_field_is_taken_out_of_it_again(shop: Shop, till: Till) -> None:
    till.press("F2")
    field = till.page.locator("#look-up [name=last4]")
    field.fill("12")
    till.scan(shop.code_of(member()))
    expect(till.page.locator("#member .person")).to_be_visible()
    expect(till.page.locator("dialog")).to_have_count(0)


def test_a_scan_amid_a_composition_puts_the_field_back(shop: Shop, till: Till) -> None:
    till.type("5\n")
    till.wait_until_done()
    till.press("F8")
    till.page.click(".choice")
    reason = till.page.locator("#refund-reason")
    reason.click()
    reason.fill("质量")
    till.page.context.new_cdp_session(till.page).send(
        "Input.imeSetComposition", {"text": "wenti", "selectionStart": 5, "selectionEnd": 5}
    )
    till.scan("6901234567892", ime=True)
    expect(reason).not_to_have_value("质量6901234567892")
    assert "6901234567892" not in reason.input_value()


def test_a_pasted_code_is_a_scan_and_a_pasted_amount_an_amount(shop: Shop, till: Till) -> None:
    paste = """(text) => {
        const data = new DataTransfer(); data.setData('text', text);
        document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    }"""
    till.page.evaluate(paste, "１２８．５")
    till.shows_amount("128.5")
    code = shop.code_of(member())
    till.page.evaluate(paste, f" {code[:4]} {code[4:]}\r\n")
    expect(till.page.locator("#member .person")).to_be_visible()
    till.shows_amount("128.5")
    till.page.evaluate(paste, "1e9")
    till.says("这不是金额")


def test_wrong_kinds_of_code_say_what_they_are(till: Till) -> None:
    told = {
        "134567890123456785": "这是微信付款码，不是会员码",
        "2854567890123456": "这是支付宝付款码，不是会员码",
        "6212345678901234567": "这是云闪付付款码，不是会员码",
        "6901234567892": "这是商品条码，不是会员码",
        "88123456789012345": "认不出这个码",
        "8812345678901234567": "认不出这个码",
    }
    for code, sentence in told.items():
        till.scan(code)
        till.says(sentence)
    expect(till.page.locator("#member .person")).to_have_count(0)
    till.shows_amount("0.00")


def test_a_code_serves_once_and_says_when_it_was_used(shop: Shop, till: Till) -> None:
    code = shop.code_of(member())
    till.scan_member(code)
    till.press("Escape")
    till.scan(code)
    till.says("使用过")
    expect(till.page.locator("#member .person")).to_have_count(0)
