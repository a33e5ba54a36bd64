"""订单 on the member's page: what was bought at the till and what was redeemed."""

from points_mall.purchases.merchant_tabs import orders
from tests.points_mall.redemption.conftest import Shopper, reward
from tests.tables import notes, texts, told_by

from .desk import Desk, shopper


def test_purchases_and_redemptions_stand_side_by_side(desk: Desk) -> None:
    app, who = desk.client.application, shopper(points=500)
    sold = desk.sale(who, 10_000, "R-1")
    desk.refund(sold["sale_no"], amount_fen=2_500)
    placed = Shopper(desk.client, who).redeem(reward(points=100, title="马克杯"))
    assert placed.status_code == 201
    told = told_by(app, orders, who)
    (bought,) = texts(told, "purchases")
    assert bought[1:] == ["收银台", "¥100.00", "¥25.00", "100", "已支付", "2026-11-21 13:00"]
    (redeemed,) = texts(told, "redemptions")
    assert redeemed == ["马克杯", "1", "100", "¥0.00", "待自提", "2026-11-21 13:00"]
    assert notes(told, "redemptions") == [[placed.get_json()["order_no"]]]


def test_who_bought_nothing_is_told_so(desk: Desk) -> None:
    told = told_by(desk.client.application, orders, shopper())
    assert [(table.code, table.rows) for table in told["tables"]] == [
        ("purchases", []),
        ("redemptions", []),
    ]
