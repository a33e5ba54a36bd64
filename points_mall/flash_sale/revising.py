"""Changing what a published sale offers, until it opens.

Of an item only the stock changes in place. With another price, name or condition it is another item, with an
id and units of its own, and the old one is gone with all of its units: an id means one price for ever. Who
claims what was shown before the change hears that it is not offered, and never pays a price that they did
not see, whatever a process still remembers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import after_commit, retrying, transaction

from . import sales, services
from .errors import ItemsStay, NoSuchItem
from .items import check_rewards, items_of, pools_so_far, publish_item, retire_item, terms_of
from .models import FlashSale, FlashSaleItem
from .terms import ItemTerms


@dataclass(frozen=True)
class ItemRevision:
    """An item as it is to be.

    :param item_id: the one that it was; None: there was none.
    """

    terms: ItemTerms
    item_id: int | None = None


@retrying
def revise(
    sale_id: int,
    *,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    items: Sequence[ItemRevision] | None = None,
) -> None:
    """Change the name and the times of a sale, and before it opens what it offers.

    :param items: all that it is to offer; None: what it offers now.
    :raises SaleOver: it has ended.
    :raises SaleNotValid: it cannot be held at these times.
    :raises ItemsStay: it has opened, and an item would change.
    :raises NoSuchItem: an item is none of this sale's.
    :raises NoSuchReward: an item refers to a reward that there is not.
    """
    with transaction() as session:
        sale = services.locked_sale(session, sale_id)
        has_opened = sale.starts_at <= now()
        services.change(sale_id, title=title, starts_at=starts_at, ends_at=ends_at)
        if items is None or not _differ(session, sale_id, items):
            return
        if has_opened:
            raise ItemsStay(f"flash sale {sale_id} opened {sale.starts_at:%H:%M:%S}")
        check_rewards(session, [one.terms for one in items])
        _revise_items(session, sale, items)
        after_commit(sales.forget_cached)


def _differ(session: Session, sale_id: int, items: Sequence[ItemRevision]) -> bool:
    there = [ItemRevision(terms_of(item), item.id) for item in items_of(session, [sale_id])]
    return list(items) != there


def _revise_items(session: Session, sale: FlashSale, items: Sequence[ItemRevision]) -> None:
    there = {item.id: item for item in items_of(session, [sale.id])}
    known = [one.item_id for one in items if one.item_id is not None]
    if set(known) - set(there) or len(set(known)) < len(known):
        raise NoSuchItem(f"flash sale {sale.id} has not these items: {known}")
    kept = {one.item_id: one.terms for one in items if _is_kept(there, one)}
    for item_id, item in there.items():
        if item_id not in kept:
            retire_item(session, sale, item)
    session.flush()  # their places are free before others take them
    pool_no = pools_so_far(session, sale.id)
    for position, one in _placed(there, items):
        if one.item_id is not None and one.item_id in kept:
            _stock(there[one.item_id], one.terms)
            continue
        pool_no += 1
        publish_item(session, sale, position, one.terms, pool_no)


def _is_kept(there: Mapping[int, FlashSaleItem], one: ItemRevision) -> bool:
    """Whether nothing but the stock of an item changes."""
    if one.item_id is None:
        return False
    item = there[one.item_id]
    return replace(one.terms, stock=item.stock) == terms_of(item)


def _placed(
    there: Mapping[int, FlashSaleItem], items: Sequence[ItemRevision]
) -> list[tuple[int, ItemRevision]]:
    """Each item with its place: an old one's, or after all of them."""
    last = max((item.position for item in there.values()), default=0)
    places = {item.id: item.position for item in there.values()}
    placed = []
    for one in items:
        if one.item_id is None:
            last += 1
        placed.append((last if one.item_id is None else places[one.item_id], one))
    return placed


def _stock(item: FlashSaleItem, terms: ItemTerms) -> None:
    if by := terms.stock - item.stock:
        services.change_stock(item.id, by)
