"""What follows a fault: time goes by, the sweep runs, Redis and the database are compared."""

from typing import cast

from miniprogram_api.core.db import db
from miniprogram_api.core.redis import redis_client
from points_mall.ledger import audit as ledger_audit
from points_mall.stock import audit as stock_audit
from points_mall.stock import sold_out, sweeping
from points_mall.stock.gate import keys_of
from points_mall.stock.pools import Pool, pool_of


def let_deadlines_pass(pool: Pool) -> None:
    """As if the seconds had gone by after which an unconfirmed unit may be swept."""
    key = keys_of(pool.id, "pending")[0]
    orders = cast(list[bytes], redis_client().zrange(key, 0, -1))
    if orders:
        redis_client().zadd(key, dict.fromkeys(orders, 0), xx=True)


def sweep_up(pool_id: int) -> tuple[int, bool]:
    """Sweep and reconcile: how many orders were given back, whether the pool was loaded again.

    Afterwards nothing is pending, and Redis agrees with the database on every unit.
    """
    pool = pool_of(pool_id, fresh=True)
    let_deadlines_pass(pool)
    swept, reloaded = sweeping.sweep(pool), sweeping.reconcile(pool)
    pool = pool_of(pool_id, fresh=True)
    sold_out.forget_all()
    assert redis_client().zcard(keys_of(pool_id, "pending")[0]) == 0
    assert [str(found) for found in stock_audit.compare(pool)] == []
    db.session.rollback()
    return swept, reloaded


def assert_books_are_clean() -> None:
    """Ledger, stock and orders, each by its own audit."""
    db.session.rollback()
    assert list(ledger_audit.findings(db.session())) == []
    assert [str(found) for found in stock_audit.everything()] == []
    db.session.rollback()
