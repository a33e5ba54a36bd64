"""抽奖 on the member's page."""

from flask import Flask

from lottery.merchant_tabs import draws
from tests.tables import texts, told_by

from .conftest import enrol, give_chances, only, points_prize, spin


def test_draws_with_their_prizes_and_the_chances_left(app: Flask) -> None:
    (member,) = enrol()
    wheel = only(points_prize(30))
    give_chances(member, 3)
    spin(member, wheel, "draw-1")
    told = told_by(app, draws, member)
    assert told["facts"] == [("剩余抽奖机会", "3")]
    assert texts(told, "draws") == [["2026-11-21 12:00", "测试转盘", "30积分", "免费次数", "0"]]
