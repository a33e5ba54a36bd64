"""A desk in the back office: a browser page signed in as somebody, that can be judged and photographed."""

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.shop import Shop, seat

PICTURES = os.environ.get("SCREENSHOTS", "")
"""The folder for pictures of every page that looks right; empty: none are taken."""

AXE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
WIDE, PHONE = (1360, 960), (390, 844)
_TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth)
    .map(e => `${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 30)}`).slice(0, 5)"""
_AT_REST = """() => document.readyState === 'complete'
  && !document.querySelector('[aria-busy=true], .htmx-request, .htmx-swapping')
  && [...document.images].every(picture => picture.complete)
  && [...document.querySelectorAll('canvas[data-chart]')].every(one => window.Chart?.getChart(one))"""
_SERIOUS = {"serious", "critical"}


class Office:
    """A page of the merchant's, and what a person does there."""

    def __init__(self, page: Page, shop: Shop) -> None:
        self.page = page
        self.shop = shop

    def sign_in(self, username: str = "wang") -> "Office":
        """Come in as somebody; 王老板 unless told otherwise."""
        seat(self.page, self.shop.address, username)
        return self

    def open(self, path: str, *, lang: str = "") -> "Office":
        """Go to a page and wait until its parts have come."""
        separator = "&" if "?" in path else "?"
        self.page.goto(f"{self.shop.address}{path}" + (f"{separator}lang={lang}" if lang else ""))
        self.rest()
        return self

    def rest(self) -> None:
        """Wait until nothing is being fetched and every chart is drawn."""
        self.page.wait_for_function(_AT_REST)

    def faults(self) -> list[str]:
        """What axe-core finds that is serious or worse, by rule and place."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        return self.found_by_axe()

    def found_by_axe(self) -> list[str]:
        """The same of a page that has axe-core already."""
        found: dict[str, Any] = self.page.evaluate(
            "axe.run(document, {resultTypes: ['violations'], preload: false})"
        )
        return [
            f"{fault['id']}: {node['target']} {node['failureSummary']}"
            for fault in found["violations"]
            if fault["impact"] in _SERIOUS
            for node in fault["nodes"]
        ]

    def looks_right(self, name: str) -> None:
        """No serious accessibility fault and no sideways scroll, wide and on a phone."""
        for width, height in (WIDE, PHONE):
            self.page.set_viewport_size({"width": width, "height": height})
            self.rest()
            faults = self.faults()
            assert faults == [], "\n".join(faults)
            too_wide = self.page.evaluate(_TOO_WIDE)
            assert too_wide == [], f"{name} at {width}: {too_wide}"
            assert self.page.locator("main").inner_text().strip(), f"{name} at {width} is empty"
            if PICTURES:
                self.take_picture(f"merchant-{name}-{width}.png")
        self.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})

    def take_picture(self, name: str) -> None:
        """A picture for docs/, looked at before it is committed."""
        picture = Path(PICTURES) / name
        picture.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=picture, animations="disabled")
        assert picture.stat().st_size > 8_000


def hire_the_office(shop: Shop) -> Shop:
    """An editor, 小周, and an owner, 王老板, beside the cashier and the manager."""
    shop.hire("zhou", "editor", "小周")
    shop.hire("wang", "owner", "王老板")
    return shop
