"""How long a cashier waits, measured in the browser: 200 sales, p95 beside the targets.

The figures are written to `build/till-latency.json`. A test run shares its machine with other tests,
so what fails here is a till that is slow by any measure; the targets are told beside the figures.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from .marks import IN_CHROMIUM
from .shop import Shop, coupon, member
from .till import Till

pytestmark = IN_CHROMIUM

SALES = 200
TARGETS_MS = {"scan": 300, "quote": 150, "confirm": 400}
MOST_MS = 3_000
REPORT = Path(__file__).resolve().parents[2] / "build" / "till-latency.json"

# From the last key of a gun, from the last key of an amount less the pause that waits for more keys,
# and from Enter; until the page shows what was asked for.
MEASURE = """async ({ code, pause }) => {
  const strike = (code, key) => window.dispatchEvent(new KeyboardEvent('keydown', { code, key, bubbles: true, cancelable: true }));
  const shown = (test) => new Promise((resolve) => {
    const look = () => (test() ? resolve(performance.now()) : requestAnimationFrame(look));
    look();
  });
  const base = document.querySelector('script[type=module]').src;
  const { scanned } = await import(base.replace('main.js', 'sale.js'));
  const begun = performance.now();
  scanned(code);
  const card = await shown(() => document.querySelector('#member .person'));
  for (const key of '128') strike(`Digit${key}`, key);
  const typed = performance.now();
  const priced = await shown(() => document.querySelector('#payable[data-quoted=true]'));
  const entered = performance.now();
  strike('Enter', 'Enter');
  const done = await shown(() => !document.querySelector('#done').hidden);
  document.querySelector('#done').click();
  return { scan: card - begun, quote: priced - typed - pause, confirm: done - entered };
}"""


@pytest.fixture
def app_settings() -> dict[str, object]:
    """No pace and no daily limit: one member buys two hundred times."""
    return {
        "TILL_SCANS_BURST": 10_000,
        "MEMBER_CODES_PER_MINUTE": 10_000,
        "TILL_MEMBER_SALES_PER_DAY": 0,
    }


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cashier_does_not_wait(shop: Shop, open_page: Callable[..., Page]) -> None:
    zhang = member(points=3000, tier="platinum")
    coupon(zhang, "满 500 减 15", 1500, 50000)
    till = Till(open_page(), shop.address)
    till.open()
    taken = [
        till.page.evaluate(MEASURE, {"code": shop.code_of(zhang), "pause": 120})
        for _sale in range(SALES)
    ]
    figures = {name: _figures([one[name] for one in taken]) for name in TARGETS_MS}
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps({"sales": SALES, "ms": figures}, indent=2) + "\n")
    print("\n" + "\n".join(_line(name, figures[name]) for name in TARGETS_MS))  # noqa: T201
    assert len(till.sold()) > 0
    assert all(figures[name]["p95"] < MOST_MS for name in TARGETS_MS), figures


def _figures(values: list[float]) -> dict[str, Any]:
    ordered = sorted(values)
    return {
        "p50": round(ordered[len(ordered) // 2], 1),
        "p95": round(ordered[int(len(ordered) * 0.95) - 1], 1),
        "max": round(ordered[-1], 1),
    }


def _line(name: str, figures: dict[str, Any]) -> str:
    target = TARGETS_MS[name]
    return f"{name}: p50 {figures['p50']} ms, p95 {figures['p95']} ms (target {target} ms)"
