"""The campaign bites: the textbook's sale oversells in the very storms that ours survives.

Its ledger is without fault even then; what notices is the audit of stock and orders.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from miniprogram_api.core.db import db
from points_mall.ledger import audit as ledger_audit
from points_mall.redemption import audit as redemption_audit
from tests.campaign import TIMES, report, times

from . import sale_day, textbook_sale
from .sale_day import EARLY, STOCK, Round, Shop, open_shop, orders_of, strike
from .test_claims_under_faults import fail_over, lose_the_last_writes
from .textbook_sale import COUNTER

MOST_ROUNDS = 6

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 * TIMES)]


@pytest.fixture
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    monkeypatch.setenv("MALL_INSTANCE", str(tmp_path / "instance"))
    application = f"{textbook_sale.__name__}:create_app()"
    template: Path = request.getfixturevalue("sqlite_template")
    with (
        sale_day.sqlite_database(template, tmp_path) as made,
        open_shop(made, tmp_path, application=application, claims=textbook_sale.CLAIMS) as running,
    ):
        yield running


@pytest.mark.parametrize("harm", [fail_over, lose_the_last_writes])
def test_the_textbook_oversells_and_only_the_audit_of_orders_notices(
    shop: Shop, harm: sale_day.Strike
) -> None:
    figures: Counter[str] = Counter()
    for _ in range(times(MOST_ROUNDS)):
        shop.store.follow()
        this, hits = strike(shop, harm, EARLY, _fill_the_counter)
        shop.store.dismiss_replica()
        sold = len(orders_of(this.item))
        assert sold == len({hit.body["order_no"] for hit in hits if hit.status == 201})
        figures += Counter(rounds=1, sold=sold, oversold=max(0, sold - STOCK)) + this.figures
        if figures["oversold"] and TIMES == 1:
            break
    report(f"control, {harm.__name__}: {dict(figures)}")
    assert figures["oversold"] > 0, "the campaign would not notice a sale that sells twice"
    assert list(ledger_audit.findings(db.session())) == []
    assert len(list(redemption_audit.findings())) >= figures["oversold"]


def _fill_the_counter(this: Round) -> None:
    with this.shop.store.client() as client:
        client.set(COUNTER.format(item=this.item.id), STOCK)
