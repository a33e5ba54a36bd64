"""The items of a sale in the database: offered under an id of their own, each with a pool of units."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from points_mall.catalogue.errors import NoSuchReward
from points_mall.catalogue.models import Reward
from points_mall.stock import pools, preparing, rebuilding
from points_mall.stock.models import StockPool
from points_mall.stock.pools import NotEnoughFree

from .errors import ItemsStay
from .models import FlashSale, FlashSaleItem
from .terms import ItemTerms

_TERMS = tuple(ItemTerms.__dataclass_fields__)


def items_of(session: Session, sale_ids: Sequence[int]) -> Sequence[FlashSaleItem]:
    """The items of sales, in their order."""
    query = (
        sa.select(FlashSaleItem)
        .where(FlashSaleItem.sale_id.in_(sale_ids))
        .order_by(FlashSaleItem.sale_id, FlashSaleItem.position)
    )
    return session.scalars(query).all()


def terms_of(item: FlashSaleItem) -> ItemTerms:
    """An item as the merchant wrote it down."""
    return ItemTerms(**{name: getattr(item, name) for name in _TERMS})


def check_rewards(session: Session, items: Sequence[ItemTerms]) -> None:
    """See that the rewards that items name are there.

    :raises NoSuchReward: one is not.
    """
    wanted = {item.reward_id for item in items if item.reward_id is not None}
    known = session.scalars(sa.select(Reward.id).where(Reward.id.in_(wanted)))
    if missing := sorted(wanted - set(known)):
        raise NoSuchReward(f"no reward {missing[0]}")


def publish_item(
    session: Session, sale: FlashSale, position: int, terms: ItemTerms, pool_no: int
) -> None:
    """Offer an item in a sale.

    :param pool_no: counts the pools that the sale has ever had.
    """
    pool_id = pools.publish(
        f"flash_sale:{sale.id}:{pool_no}",
        terms.stock,
        opens_at=sale.starts_at,
        closes_at=sale.ends_at,
        allowance=terms.allowance,
    )
    facts = {name: getattr(terms, name) for name in _TERMS}
    session.add(FlashSaleItem(sale_id=sale.id, position=position, pool_id=pool_id, **facts))
    preparing.load_if_soon(pool_id, sale.starts_at)


def retire_item(session: Session, sale: FlashSale, item: FlashSaleItem) -> None:
    """Offer an item of a sale that has not opened no more: its units go, and its pool never opens.

    Whoever claims it at this moment either has a unit already, and the item stays, or finds none: until
    the sale opens they hear that it has not begun, afterwards that it is over.

    :raises ItemsStay: somebody has a unit of it.
    """
    try:
        if item.stock:
            pools.lower_by(item.pool_id, item.stock)
    except NotEnoughFree as taken:
        raise ItemsStay(f"item {item.id} has been claimed") from taken
    never = sale.starts_at + timedelta.resolution
    pools.change(item.pool_id, opens_at=sale.starts_at, closes_at=never, allowance=None)
    rebuilding.load_after_commit(item.pool_id)
    session.delete(item)


def pools_so_far(session: Session, sale_id: int) -> int:
    """How many pools a sale has ever had, those of items that are offered no more among them."""
    named = StockPool.code.startswith(f"flash_sale:{sale_id}:", autoescape=True)
    return session.scalar(sa.select(sa.func.count()).where(named)) or 0
