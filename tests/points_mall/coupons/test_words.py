"""What coupons say of themselves."""

from typing import Any

import pytest

from points_mall.coupons.terms import CouponTerms, Kind, Scope
from points_mall.coupons.words import summary, yuan

from .conftest import MONTH


@pytest.mark.parametrize(
    ("kind", "terms", "zh", "en"),
    [
        (Kind.AMOUNT_OFF, {"amount_fen": 2000, "threshold_fen": 10000}, "满100元减20元",
         "¥20 off from ¥100"),
        (Kind.CASH, {"amount_fen": 990}, "抵9.9元", "Worth ¥9.9"),
        (Kind.CASH, {"amount_fen": 500, "threshold_fen": 1000}, "满10元可用，抵5元",
         "Worth ¥5 from ¥10"),
        (Kind.PERCENT_OFF, {"off_bp": 1200, "most_fen": 10000}, "8.8折，最多减100元",
         "12% off, ¥100 at most"),
        (Kind.PERCENT_OFF, {"off_bp": 1000, "threshold_fen": 100}, "满1元打9折", "10% off from ¥1"),
        (Kind.PERCENT_OFF, {"off_bp": 50}, "9.95折", "0.5% off"),
        (Kind.FREE_SHIPPING, {}, "包邮", "Free shipping"),
        (Kind.GIFT_ITEM, {"gift_sku": "a", "threshold_fen": 5000}, "满50元送1件赠品",
         "1 gift from ¥50"),
        (Kind.EXCHANGE, {"units": 2, "scope": Scope(skus=("a",))}, "兑换指定商品2件",
         "Good for 2 of the named goods"),
    ],
)  # fmt: skip
def test_one_line(kind: Kind, terms: dict[str, Any], zh: str, en: str) -> None:
    made = CouponTerms(**{"kind": kind, "validity": MONTH, **terms})
    assert (summary(made, "zh"), summary(made, "en")) == (zh, en)


def test_yuan_without_needless_zeros() -> None:
    assert [yuan(fen) for fen in (0, 5, 50, 100, 1000, 12345)] == [
        "0", "0.05", "0.5", "1", "10", "123.45",
    ]  # fmt: skip
