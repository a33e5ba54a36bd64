"""The merchant's hand: publish, change and close sales; raise and lower their stock."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import after_commit, current_transaction, retrying, transaction
from points_mall.stock import pools, rebuilding

from . import sales, states
from .errors import NoSuchItem, NoSuchSale, SaleNotValid, SaleOver
from .items import check_rewards, items_of, publish_item
from .models import FlashSale, FlashSaleItem
from .states import SaleState
from .terms import LONGEST, SaleTerms, Slot, check_terms


@retrying
def create(terms: SaleTerms, *, actor: str) -> list[int]:
    """Publish a sale for each slot, all or none; answer their ids in the order of time.

    :raises SaleNotValid: it cannot be held like that.
    :raises NoSuchReward: an item refers to a reward that there is not.
    """
    check_terms(terms, now(), pools.MAX_UNITS)
    return publish(terms, actor=actor)


@retrying
def publish(terms: SaleTerms, *, actor: str) -> list[int]:
    """Publish terms that are known to be good."""
    with transaction() as session:
        check_rewards(session, terms.items)
        slots = sorted(terms.slots, key=lambda slot: slot.starts_at)
        return [_publish_slot(session, terms, slot, actor) for slot in slots]


@retrying
def change(
    sale_id: int,
    *,
    title: str | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> None:
    """Change when a sale is held, and its title; units and orders stay as they are.

    :raises SaleOver: it has ended.
    :raises SaleNotValid: it would end before it starts or before now, or it has started and would not
        have.
    """
    with transaction() as session:
        sale = locked_sale(session, sale_id)
        window = Slot(starts_at or sale.starts_at, ends_at or sale.ends_at)
        _check_window(sale, window)
        sale.title = title or sale.title
        sale.starts_at, sale.ends_at = window.starts_at, window.ends_at
        _move_pools(session, sale)


@retrying
def close(sale_id: int) -> None:
    """End a sale now. Orders that were placed stay; units that nobody has are not offered any more.

    :raises SaleOver: it has ended already.
    """
    with transaction() as session:
        sale = locked_sale(session, sale_id)
        sale.closed_at = now()
        _move_pools(session, sale)


@retrying
def change_stock(item_id: int, by: int) -> int:
    """Add units to an item (`by` above zero) or take free ones away; answer how many there are.

    :raises NotEnoughFree: owned units are never taken away.
    :raises SaleOver: the sale has ended.
    """
    with transaction() as session:
        sale_id = session.scalar(sa.select(FlashSaleItem.sale_id).filter_by(id=item_id))
        if sale_id is None:
            raise NoSuchItem(f"no item {item_id}")
        locked_sale(session, sale_id)
        item = session.get_one(FlashSaleItem, item_id, with_for_update=True, populate_existing=True)
        if not 0 <= item.stock + by <= pools.MAX_UNITS:
            raise SaleNotValid(f"stock is 0 to {pools.MAX_UNITS}")
        if by > 0:
            pools.raise_by(item.pool_id, by)
        elif by < 0:
            pools.lower_by(item.pool_id, -by)
        item.stock += by
        rebuilding.load_after_commit(item.pool_id)
        after_commit(sales.forget_cached)
        return item.stock


def _publish_slot(session: Session, terms: SaleTerms, slot: Slot, actor: str) -> int:
    sale = FlashSale(
        campaign=terms.campaign or terms.title,
        title=terms.title,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        created_at=now(),
        created_by=actor,
    )
    session.add(sale)
    session.flush()  # its items and their pools are named after its id
    for position, item in enumerate(terms.items, 1):
        publish_item(session, sale, position, item, position)
    return sale.id


def locked_sale(session: Session, sale_id: int) -> FlashSale:
    """The sale, locked, if it can still be changed.

    :raises NoSuchSale: there is none.
    :raises SaleOver: it has ended.
    """
    sale = session.get(FlashSale, sale_id, with_for_update=True, populate_existing=True)
    if sale is None:
        raise NoSuchSale(f"no flash sale {sale_id}")
    if states.state_at(now(), sale.starts_at, sale.ends_at, sale.closed_at) is SaleState.ENDED:
        raise SaleOver(f"flash sale {sale_id} is over")
    return sale


def _check_window(sale: FlashSale, window: Slot) -> None:
    has_started = sale.starts_at <= now()
    faults = {
        "a sale ends after it starts": window.ends_at <= window.starts_at,
        f"a sale lasts at most {LONGEST.days} days": window.ends_at - window.starts_at > LONGEST,
        "to end a sale now, close it": window.ends_at <= now(),
        "it has started already": has_started and window.starts_at != sale.starts_at,
    }
    for sentence, is_there in faults.items():
        if is_there:
            raise SaleNotValid(sentence)


def _move_pools(session: Session, sale: FlashSale) -> None:
    """Let the stock of a sale follow its times."""
    opens_at, closes_at = states.window_of(sale.starts_at, sale.ends_at, sale.closed_at)
    for item in sorted(items_of(session, [sale.id]), key=lambda one: one.pool_id):
        pools.change(item.pool_id, opens_at=opens_at, closes_at=closes_at, allowance=item.allowance)
        rebuilding.load_after_commit(item.pool_id)
    current_transaction().flush()  # a constraint speaks here, not at the commit
    after_commit(sales.forget_cached)
