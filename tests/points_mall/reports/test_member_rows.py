"""What a list shows of its members."""

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from points_mall.coupons import holding
from points_mall.ledger import posting
from points_mall.reports.member_rows import rows_of
from points_mall.tiers.services import set_tier
from points_mall.wallet import services as wallet
from points_mall.wallet.movements import Part
from tests.points_mall.coupons.conftest import give, template

from .conftest import DAY, ORDER, START, counted, earn, enrol, spend


def test_a_row_shows_points_tier_coupons_wallet_and_last_activity(member: int) -> None:
    newcomer = enrol()[0]
    earn(member, 100, "a", days=1)
    earn(member, 50, "b")
    clock.set(START + DAY)
    spend(member, 30, "o")
    with transaction():
        posting.hold(member, 20, reason=ORDER, reference="h", expires_at=START + 9 * DAY)
    counted()
    clock.set(START + 2 * DAY)  # what is left of the first lot, but for what is held, has expired
    rows = rows_of([member, newcomer])
    assert (rows[member].available_points, rows[member].held_points) == (50, 20)
    assert (rows[member].tier.code, rows[member].usable_coupon_count) == (
        rows[newcomer].tier.code,
        0,
    )
    assert (rows[member].wallet_fen, rows[member].debt_points) == (0, 0)
    assert rows[member].last_at == START + DAY
    assert (rows[newcomer].available_points, rows[newcomer].last_at) == (0, START)


def test_coupons_count_while_they_can_be_used_and_money_in_both_parts(member: int) -> None:
    neighbour = enrol()[0]
    template()
    used, *_unused = give(member, count=3)
    give(neighbour)
    with transaction():
        holding.use([holding.Use(member, used, "purchase:1", 500)])
    wallet.adjust(member, Part.PRINCIPAL, 3000, why="x", reference="a", actor="staff:1")
    wallet.adjust(member, Part.BONUS, 250, why="x", reference="b", actor="staff:1")
    set_tier(member, "gold")
    rows = rows_of([member, neighbour])
    assert (rows[member].usable_coupon_count, rows[member].wallet_fen) == (2, 3250)
    assert (rows[neighbour].usable_coupon_count, rows[neighbour].wallet_fen) == (1, 0)
    assert (rows[member].tier.code, rows[neighbour].tier.rank) == ("gold", 0)
    clock.set(START + 40 * DAY)  # they lived for a month, and no job has said so
    assert rows_of([member])[member].usable_coupon_count == 0


def test_a_list_of_nobody_is_empty(member: int) -> None:
    assert rows_of([]) == {}
    db.session.rollback()
