"""The page's pure modules, run where they live: scanner bursts, amounts, the queue, numbers."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Error, Page

from .shop import open_shop, seat

pytestmark = pytest.mark.browser

SCRIPT = """async ([module, script]) => {
  const m = await import(document.querySelector('script[type=module]').src.replace('main.js', module));
  return await new Function('m', `return (async () => { ${script} })()`)(m);
}"""


QR_OF_A_RECEIPT = [
    "111111100011001111111",
    "100000101011101000001",
    "101110100110001011101",
    "101110100010101011101",
    "101110101110101011101",
    "100000100110101000001",
    "111111101010101111111",
    "000000000011100000000",
    "101010100101000010010",
    "110111011000010111001",
    "101111110110100011000",
    "110001000010000011101",
    "111011100110111110011",
    "000000001011010011101",
    "111111100001001000001",
    "100000100111110011000",
    "101110101011001111011",
    "101110100000001100010",
    "101110101000100001001",
    "100000100100001110100",
    "111111101010101101101",
]
"""As another program draws it: version 1, level M, mask 0."""


@pytest.fixture(scope="module")
def page(
    browser: Browser, open_mall: Callable[..., AbstractContextManager[Flask]]
) -> Iterator[Page]:
    """A till's page; its modules keep nothing between two tests."""
    with open_mall() as app, open_shop(app) as shop:
        context = browser.new_context(bypass_csp=True)
        page = context.new_page()
        seat(page, shop.address, "chen")
        page.goto(f"{shop.address}/pos")
        page.wait_for_selector("#set-up")
        yield page
        context.close()


@pytest.fixture
def run(page: Page) -> Iterator[Any]:
    """Runs a script with one of the page's modules as `m`; whatever the page complains about fails."""
    complaints: list[str] = []

    def hear(error: Error) -> None:
        complaints.append(str(error))

    page.on("pageerror", hear)
    yield lambda module, script: page.evaluate(SCRIPT, [module, script])
    page.remove_listener("pageerror", hear)
    assert complaints == []


def test_amounts_are_read_as_a_hand_means_them(run: Any) -> None:
    read = "const read = (text) => { const { fen, why } = m.readAmount(text); return fen ?? why; };"
    assert run("amount.js", f"""{read} return {{
        plain: ['128', '12.5', '12.50', '.5', '0.01', '12.', '999999.99'].map(read),
        sums: ['12+30', '1.5+1.5+2', '0.1+0.2'].map(read),
        full_width: read('１２．５＋３０'),
        unfinished: ['12+', '1+2+'].map(read),
        empty: ['', '  ', '0', '0.00'].map(read),
        none: ['1e9', '-5', '12..3', '1.234', '+5', '1++2', 'abc', '1000000', '٣', '1'.repeat(41)].map(read),
        too_much: read('999999.99+1'),
    }}""") == {
        "plain": [12800, 1250, 1250, 50, 1, 1200, 99999999],
        "sums": [4200, 500, 30],
        "full_width": 4250,
        "unfinished": ["unfinished", "unfinished"],
        "empty": ["empty"] * 4,
        "none": ["malformed"] * 10,
        "too_much": "too_much",
    }  # fmt: skip


def test_keys_that_make_no_amount_do_nothing(run: Any) -> None:
    type_all = "const all = (keys) => [...keys].reduce((text, key) => m.typed(text, key), '');"
    assert run("amount.js", f"""{type_all}
        return ['12..3', '1.239', '007', '+5', '12++3', '1234567', '0.5+.5'].map(all)""") == [
        "12.3", "1.23", "7", "5", "12+3", "123456", "0.5+.5"
    ]  # fmt: skip


def test_a_gun_is_told_from_a_hand(run: Any) -> None:
    strike = """const strike = (text, gap, end = gap) => {
        const burst = new m.Burst();
        [...text].forEach((letter, place) => burst.press(letter, place * gap, place));
        return burst.finish((text.length - 1) * gap + end)?.text ?? null;
    };"""
    assert run("scanner.js", f"""{strike} return [
        strike('881234567890123456', 5), strike('881234567890123456', 34),
        strike('881234567890123456', 35), strike('12345678', 20), strike('1234567', 20),
        strike('12345678', 20, 101), strike('12345678', 140),
    ]""") == ["881234567890123456", "881234567890123456", None, "12345678", None, None, None]  # fmt: skip


def test_a_scan_begins_where_the_hand_stopped(run: Any) -> None:
    assert run("scanner.js", """
        const burst = new m.Burst();
        burst.press('1', 0, 'a'); burst.press('2', 150, 'b');
        [...'88123456'].forEach((letter, place) => burst.press(letter, 300 + place * 8, place));
        return burst.finish(370)""") == {"text": "88123456", "note": 0}  # fmt: skip


def test_keys_are_read_by_their_place(run: Any) -> None:
    assert run("scanner.js", """return [
        m.characterOf('Digit8'), m.characterOf('Digit8', true), m.characterOf('Numpad4'),
        m.characterOf('KeyQ'), m.characterOf('Enter'), m.characterOf('F4')]""") == [
        "8", None, "4", "Q", None, None
    ]  # fmt: skip


def test_what_is_pasted_is_a_scan_or_it_is_not(run: Any) -> None:
    pasted = "['88 1234 5678 9012 3456', '１２３４５６７８', '12.50', '1234567', 'hello world!']"
    assert run("scanner.js", f"return {pasted}.map(m.pastedScan)") == [
        "881234567890123456", "12345678", None, None, None
    ]  # fmt: skip


def test_the_queue_is_told_in_the_order_of_the_sales(run: Any) -> None:
    assert run("queue.js", """
        const sale = (sequence, state = 'waiting') => ({ receipt_no: `R${sequence}`, sequence, state });
        const sales = [sale(12), sale(3), sale(7, 'conflict'), sale(100), sale(5)];
        return {
            order: m.nextBatch(sales).map((one) => one.sequence),
            two: m.nextBatch(sales, 2).map((one) => one.sequence),
            conflicts: m.conflicts(sales).map((one) => one.sequence),
            waiting: m.waitingCount(sales),
        }""") == {"order": [3, 5, 12, 100], "two": [3, 5], "conflicts": [7], "waiting": 4}  # fmt: skip


def test_an_answer_settles_only_what_it_names(run: Any) -> None:
    settled = run("queue.js", """
        const batch = ['A', 'B', 'C', 'D'].map((receipt_no) => ({ receipt_no, state: 'waiting' }));
        return m.settle(batch, [
            { receipt_no: 'A', outcome: 'recorded' }, { receipt_no: 'B', outcome: 'repeated' },
            { receipt_no: 'C', outcome: 'conflict', reason: 'code_used' }])""")  # fmt: skip
    assert settled == {
        "done": ["A", "B"],
        "kept": [{"receipt_no": "C", "state": "conflict", "reason": "code_used"}],
    }


def test_receipt_numbers_name_till_day_and_count(run: Any) -> None:
    number = run("queue.js", "return m.receiptNo('T1', new Date(2026, 10, 21), 42)")
    assert number == "T1-261121-00042"


def test_numbers_carry_the_check_digit_of_the_server(run: Any) -> None:
    assert run("codes.js", """
        const codes = Array.from({ length: 200 }, m.newReceiptCode);
        return [m.checkDigit('7992739871'), new Set(codes).size,
                codes.every((code) => /^89[0-9]{18}$/.test(code) && m.checkDigit(code.slice(0, -1)) === code.at(-1)),
                m.mayBeMember('79927398713'), m.mayBeMember('79927398714'), m.mayBeMember('12ab')]""") == [
        "3", 200, True, True, False, False
    ]  # fmt: skip


def test_the_receipts_picture_is_a_qr_code(run: Any) -> None:
    rows = run("qr.js", """return m.qrOf('89123456789012345674')
        .map((row) => row.map((black) => (black ? '1' : '0')).join(''))""")  # fmt: skip
    assert rows == QR_OF_A_RECEIPT


def test_facts_are_spelled_one_way_before_they_are_signed(run: Any) -> None:
    facts = "{ till: 'T1', amount_fen: 1250, member: '', sold_at: '2026-11-21T10:00:00+08:00' }"
    assert run("signing.js", f"return m.canonical({facts})") == (
        '{"amount_fen":1250,"member":"","sold_at":"2026-11-21T10:00:00+08:00","till":"T1"}'
    )


def test_the_key_cannot_leave_the_device(run: Any) -> None:
    assert run("signing.js", """
        const pair = await m.makeKey();
        return crypto.subtle.exportKey('pkcs8', pair.privateKey).then(() => 'left', () => 'stayed')""") == "stayed"  # fmt: skip


def test_coupons_are_walked_through_and_back(run: Any) -> None:
    coupons = """const coupons = [
        { code: 'A', usable: true, chosen: true }, { code: 'B', usable: false, reason: { code: 'not_stackable' } },
        { code: 'C', usable: false, reason: { code: 'threshold_not_met' } }, { code: 'D', usable: true }];"""
    assert run("coupons.js", f"""{coupons}
        const walk = [null]; for (let step = 0; step < 5; step += 1) walk.push(m.stepped(coupons, walk.at(-1), 1));
        return [walk, m.stepped(coupons, null, -1), m.tapped(coupons[3], ['A']), m.tapped(coupons[1], ['A']), m.tapped(coupons[0], ['A'])]""") == [
        [None, ["A"], ["B"], ["D"], [], None], [], ["A", "D"], ["B"], []
    ]  # fmt: skip


def test_every_word_is_there_in_both_languages(run: Any) -> None:
    assert run("words/zh.js", """
        const { en } = await import(document.querySelector('script[type=module]').src.replace('main.js', 'words/en.js'));
        const names = (words, before = '') => Object.entries(words).flatMap(([name, value]) =>
            typeof value === 'object' && !Array.isArray(value) ? names(value, `${before}${name}.`) : [`${before}${name}:${typeof value}`]).sort();
        const chinese = names(m.zh), english = names(en);
        return [chinese.filter((name) => !english.includes(name)), english.filter((name) => !chinese.includes(name))]""") == [
        [], []
    ]  # fmt: skip
