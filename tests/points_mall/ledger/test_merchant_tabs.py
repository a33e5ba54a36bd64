"""积分流水 on the member's page: what it shows agrees with the ledger, a page at a time."""

from datetime import timedelta

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import transaction
from points_mall.ledger import posting, services
from points_mall.ledger.merchant_tabs import explained, points
from tests.tables import notes, table, texts, told_by

from .conftest import GIFT, ORDER, PURCHASE


def test_entries_lots_holds_and_what_waits(app: Flask, member: int) -> None:
    until = now() + timedelta(days=10)
    with transaction():
        posting.credit(member, 300, reason=GIFT, reference="a", expires_at=until)
        posting.credit(member, 50, reason=PURCHASE, reference="b", matures_at=until)
        posting.hold(member, 80, reason=ORDER, reference="order:7", expires_at=until)
    services.adjust(
        member, -20, why="多发了", reference="c", actor="staff:li", approved_by="staff:wang"
    )
    told = told_by(app, points, member)
    assert dict(told["facts"]) == {
        "可用": "200",
        "冻结": "80",
        "待生效": "50",
        "待还": "0",
        "累计获得": "300",
    }
    assert texts(told, "entries") == [
        ["2026-11-21 10:00", "积分调整", "−20", "280", "li"],
        ["2026-11-21 10:00", "测试赠送", "+300", "300", "system"],
    ]
    assert notes(told, "entries") == [["多发了 · 审批：wang"], ["a"]]
    assert texts(told, "lots") == [["2026-12-01 10:00", "280", "80", "300", "测试赠送"]]
    assert texts(told, "holds") == [["测试兑换", "80", "2026-11-21 10:00", "2026-12-01 10:00"]]
    assert texts(told, "pending") == [["测试消费", "50", "2026-12-01 10:00"]]


def test_a_lot_past_its_expiry_says_so(app: Flask, member: int) -> None:
    with transaction():
        posting.credit(member, 5, reason=GIFT, reference="a", expires_at=now() + timedelta(days=1))
    clock.set(now() + timedelta(days=2))
    told = told_by(app, points, member)
    assert dict(told["facts"])["可用"] == "0"
    assert notes(told, "lots")[0][0] == "已过期"


def test_entries_follow_page_by_page(app: Flask, member: int) -> None:
    with transaction():
        for number in range(45):
            posting.credit(member, 1, reason=GIFT, reference=str(number))
    seen, query, pages = [], "", 0
    while True:
        told = told_by(app, points, member, query)
        seen += [row[3] for row in texts(told, "entries")]
        pages += 1
        after = table(told, "entries").next_after
        if after is None:
            break
        query = f"entries={after}"
    assert seen == [str(balance) for balance in range(45, 0, -1)]
    assert pages == 3


@pytest.mark.parametrize(
    ("explanation", "words"),
    [
        (None, ""),
        ({"why": "补偿"}, "补偿"),
        ({"rule": "checkin", "version": 3, "day": "2026-11-21"}, "2026-11-21 · 规则版本 3"),
        ({"prize": "一等奖"}, "一等奖"),
    ],
)
def test_an_explanation_in_few_words(
    app: Flask, explanation: dict[str, object] | None, words: str
) -> None:
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        assert explained(explanation) == words
