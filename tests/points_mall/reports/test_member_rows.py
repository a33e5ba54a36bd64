"""What a list shows of its members."""

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from points_mall.ledger import posting
from points_mall.reports.member_rows import rows_of

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


def test_a_list_of_nobody_is_empty(member: int) -> None:
    assert rows_of([]) == {}
    db.session.rollback()
