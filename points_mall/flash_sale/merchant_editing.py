"""Publishing, changing, stocking and closing sales from the merchant's pages, each with its line in the audit.

A sale has no versions: what a form of it was begun from is known by a fingerprint of its rows.
"""

from collections.abc import Mapping
from typing import Any

from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.merchant.desks import copied_key, is_new, number_of
from miniprogram_api.merchant.drafts import take_draft
from miniprogram_api.merchant.editing import Running, Sheet, fingerprint, take
from miniprogram_api.merchant.forms import Form
from miniprogram_api.staff import audit

from . import services
from .errors import NoSuchItem, NoSuchSale, SaleNotValid
from .items import items_of
from .merchant_forms import (
    Change,
    change_meant_by,
    form_of,
    form_of_copy,
    meant_by,
    say_fault,
    spelt,
    spelt_sale,
)
from .models import FlashSale, FlashSaleItem
from .revising import revise
from .terms import SaleTerms

KIND = "flash_sale"
BEGINNING: Mapping[str, Any] = {
    "slots": [{"starts_at": "", "ends_at": ""}],
    "items": [{"points_price": 100, "cash_fen": "0", "stock": 50, "allowance": 1}],
}
"""What the form of a new sale begins with."""


def running(key: str) -> Running:
    """What is published under a key, as a form; of a new sale, what one begins with.

    :raises NoSuchSale: there is none.
    """
    if is_new(key):
        copied = copied_key()
        return Running(_copy_of(copied) if copied else Form.of(BEGINNING), "")
    sale = sale_with(number_of(key))
    items = items_of(db.session(), [sale.id])
    return Running(form_of(sale, items), fingerprint(spelt_sale(sale, items)))


def sale_with(sale_id: int | None) -> FlashSale:
    """A sale.

    :raises NoSuchSale: there is none.
    """
    sale = None if sale_id is None else db.session.get(FlashSale, sale_id, populate_existing=True)
    if sale is None:
        raise NoSuchSale(f"no flash sale {sale_id}")
    return sale


def publish(sheet: Sheet, reason: str) -> str:
    """Publish what a sheet says: new sales, or what changes of a published one; answer where to go.

    :raises FormRefused: it cannot be held like that.
    :raises ItemsStay: it has opened meanwhile, and an item would change.
    :raises EditedMeanwhile: the draft, or the sale itself, is another one by now.
    """
    if is_new(sheet.subject):
        sale_ids = _publish_new(sheet, meant_by(sheet.form), reason)
        where = f"/{sale_ids[0]}" if len(sale_ids) == 1 else ""
        return f"/admin/flash-sales{where}?told=published"
    sale = sale_with(number_of(sheet.subject))
    change = change_meant_by(sheet.form, sale)
    try:
        _publish_change(sheet, sale.id, change, reason)
    except SaleNotValid as fault:
        refused = sheet.form.refused(fault)
        del sheet.form.errors[""]
        say_fault(sheet.form, str(fault))
        raise refused from fault
    return f"/admin/flash-sales/{sale.id}?told=saved"


@retrying
def close(sale_id: int, reason: str) -> None:
    """End a sale now.

    :raises SaleOver: it has ended already.
    """
    with transaction():
        before = _spelt(sale_id)
        services.close(sale_id)
        _record("close", sale_id, reason, before, _spelt(sale_id))


@retrying
def change_stock(sale_id: int, item_id: int, by: int, reason: str) -> None:
    """Add units to an item, or take free ones away.

    :raises NoSuchItem: it is none of this sale's.
    :raises NotEnoughFree: sold units are never taken away.
    """
    with transaction() as session:
        item = session.get(FlashSaleItem, item_id)
        if item is None or item.sale_id != sale_id:
            raise NoSuchItem(f"flash sale {sale_id} has no item {item_id}")
        stock = services.change_stock(item_id, by)
        before, after = ({"item": item_id, "stock": count} for count in (stock - by, stock))
        _record("stock", sale_id, reason, before, after)


@retrying
def _publish_new(sheet: Sheet, terms: SaleTerms, reason: str) -> list[int]:
    with transaction():
        take_draft(KIND, sheet.subject, sheet.revision)
        sale_ids = services.create(terms, actor=audit.actor())
        slots = sorted(terms.slots, key=lambda slot: slot.starts_at)
        for sale_id, slot in zip(sale_ids, slots, strict=True):
            _record("publish", sale_id, reason, None, spelt(terms, slot))
        return sale_ids


@retrying
def _publish_change(sheet: Sheet, sale_id: int, change: Change, reason: str) -> None:
    with transaction() as session:
        session.get(FlashSale, sale_id, with_for_update=True, populate_existing=True)
        take(sheet, running(sheet.subject))
        before = _spelt(sale_id)
        revise(
            sale_id,
            title=change.title,
            starts_at=change.starts_at,
            ends_at=change.ends_at,
            items=change.items,
        )
        _record("change", sale_id, reason, before, _spelt(sale_id))


def _spelt(sale_id: int) -> dict[str, Any]:
    return spelt_sale(sale_with(sale_id), items_of(db.session(), [sale_id]))


def _record(
    act: str, sale_id: int, reason: str, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    subject = f"flash_sale:{sale_id}"
    audit.record(f"{KIND}.{act}", subject, before=before, after=after, reason=reason)


def _copy_of(key: str) -> Form:
    sale = sale_with(number_of(key))
    return form_of_copy(sale, items_of(db.session(), [sale.id]))
