"""余额 on the member's page."""

from flask import Flask

from miniprogram_api.core.clock import clock
from points_mall.wallet import services
from points_mall.wallet.merchant_tabs import wallet
from points_mall.wallet.movements import Part
from tests.builders import shanghai
from tests.points_mall.cashier.desk import shopper
from tests.tables import notes, texts, told_by


def test_principal_bonus_and_what_moved_them(app: Flask) -> None:
    clock.set(shanghai("2026-11-21 10:00"))
    who = shopper(principal_fen=10_000)
    services.adjust(who, Part.BONUS, 550, why="补偿", reference="r", actor="staff:li")
    told = told_by(app, wallet, who)
    assert told["facts"] == [("储值本金", "¥100.00"), ("赠送余额", "¥5.50"), ("待还", "¥0.00")]
    assert texts(told, "wallet") == [
        ["2026-11-21 10:00", "余额调整", "¥5.50", "¥0.00", "¥5.50", "¥105.50", "li"],
        ["2026-11-21 10:00", "余额调整", "¥100.00", "¥100.00", "¥0.00", "¥100.00", "system"],
    ]
    assert notes(told, "wallet") == [["补偿"], ["start"]]
