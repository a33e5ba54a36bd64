"""The till's page as a cashier, and a scanner gun, use it."""

import time
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import CDPSession, Locator, Page, expect

from .shop import PASSWORD, seat

GUN_GAP_MS, HAND_GAP_MS = 8, 140
_PLACES = {"+": ("Equal", 187), ".": ("Period", 190)}


@dataclass
class Till:
    """One page."""

    page: Page
    address: str
    _wire: CDPSession | None = field(default=None, repr=False)

    # ------------------------------------------------------------------ opening

    def sign_in(self, username: str) -> None:
        self.page.goto(f"{self.address}/pos")
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("form button")

    def open(self, username: str = "chen", code: str = "T1", manager: str = "li") -> None:
        """Come in and register this device; a manager signs where the cashier may not."""
        seat(self.page, self.address, username)
        self.page.goto(f"{self.address}/pos")
        self.page.fill("#set-up [name=code]", code)
        self.page.fill("#set-up [name=name]", "1 号机")
        if self.page.locator("#set-up [name=username]").count():
            self.page.fill("#set-up [name=username]", manager)
            self.page.fill("#set-up [name=password]", PASSWORD)
        self.page.click("#set-up-go")
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        self.page.wait_for_selector("body[data-ready]")

    # ------------------------------------------------------------------ hands and guns

    def scan(self, code: str, *, gap_ms: float = GUN_GAP_MS, ime: bool = False) -> None:
        """A gun types the code and Enter, each key by its place at a moment of its own."""
        self._strike([*code, "Enter"], gap_ms, ime=ime)

    def scan_member(self, code: str) -> None:
        """A gun reads a member's code, and the card appears."""
        self.scan(code)
        expect(self.page.locator("#member .person")).to_be_visible()

    def type(self, text: str, *, gap_ms: float = HAND_GAP_MS) -> None:
        """A hand types; a line break is Enter."""
        self._strike(["Enter" if key == "\n" else key for key in text], gap_ms, ime=False)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def _strike(self, keys: list[str], gap_ms: float, *, ime: bool) -> None:
        wire = self._wire = self._wire or self.page.context.new_cdp_session(self.page)
        began = time.time()
        for place, key in enumerate(keys):
            event = _event(key, ime=ime) | {"timestamp": began + place * gap_ms / 1000}
            wire.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **event})
            if "text" in event and not ime:
                wire.send("Input.dispatchKeyEvent", {"type": "char", **event})
            wire.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    # ------------------------------------------------------------------ what it shows

    @property
    def payable(self) -> Locator:
        """What is to pay, once the server has said so."""
        return self.page.locator("#payable[data-quoted=true]")

    @property
    def trouble(self) -> Locator:
        return self.page.locator("#trouble")

    def lines(self) -> list[str]:
        """The bill, line by line."""
        rows = self.page.locator("#lines .row").all_inner_texts()
        return [" ".join(row.split()) for row in rows]

    def shows_amount(self, text: str) -> None:
        expect(self.page.locator("#amount-text")).to_have_text(text)

    def pays(self, money: str) -> None:
        expect(self.payable).to_have_text(money)

    def says(self, text: str) -> None:
        expect(self.trouble).to_contain_text(text)

    def wait_until_done(self, *, by_itself: bool = False) -> None:
        """The tick has come, and gone: at a touch, or when its time is over."""
        self.page.wait_for_selector("#done:not([hidden])")
        if not by_itself:
            self.page.evaluate("document.querySelector('#done').click()")
        self.page.wait_for_selector("#done", state="hidden")

    def sold(self) -> list[dict[str, Any]]:
        """This till's latest sales, as the server tells them."""
        return list(self.page.evaluate(_LATEST))

    def sell_goods(self, *goods: tuple[str, int, int]) -> None:
        """A register that knows its goods sells here: what, how many, for how much in all."""
        lines = [
            {"title": title, "quantity": quantity, "amount_fen": amount_fen}
            for title, quantity, amount_fen in goods
        ]
        self.page.evaluate(_SELL, lines)


_SELL = """async (lines) => {
  const base = document.querySelector('script[type=module]').src.replace(/main\\.js$/, '');
  const { post } = await import(base + 'wire.js');
  const { quote_id } = await post('/pos/quotes', { lines });
  await post('/pos/sales', { quote_id, receipt_no: `R-${quote_id}` }, { key: `goods-of-${quote_id}` });
}"""
_LATEST = """async () => {
  const base = document.querySelector('script[type=module]').src.replace(/main\\.js$/, '');
  const { get } = await import(base + 'wire.js');
  return (await get('/pos/sales')).items;
}"""


def _event(key: str, *, ime: bool) -> dict[str, Any]:
    if key == "Enter":
        return {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
    code, number = _PLACES.get(key, (f"Digit{key}", 0))
    if key.isdigit():
        number = 48 + int(key)
    elif key.isalpha():
        code, number = f"Key{key.upper()}", ord(key.upper())
    shift = {"modifiers": 8} if key == "+" else {}
    if ime:  # an input method hides the letter: only the place is told
        return {"key": "Process", "code": code, "windowsVirtualKeyCode": 229, **shift}
    return {"key": key, "code": code, "windowsVirtualKeyCode": number, "text": key, **shift}
