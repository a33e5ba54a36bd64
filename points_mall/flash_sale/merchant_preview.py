"""A sale while it is typed, as the shopper will see it. What is half typed is shown as far as it goes."""

from dataclasses import dataclass
from datetime import datetime
from itertools import product

from miniprogram_api.core.clock import now, shop_zone
from miniprogram_api.merchant.fields import fen_typed
from miniprogram_api.merchant.forms import Form
from points_mall.tiers.ladder import tier_of_code, tier_of_rank

from .sales import Sale, SaleItem
from .terms import DELIVERY

_LONGEST = 12


@dataclass(frozen=True)
class ShownItem:
    """An item on the shopper's screen."""

    title: str
    points: int
    cash_fen: int
    stock: int
    allowance: int
    tier: str
    is_sent: bool


@dataclass(frozen=True)
class Shown:
    """A sale on the shopper's screen.

    :param counts_to: the moment that the countdown runs to; None: none is typed yet.
    """

    title: str
    starts_at: datetime | None
    ends_at: datetime | None
    counts_to: datetime | None
    slots: int
    items: list[ShownItem]

    @property
    def has_started(self) -> bool:
        """Whether the countdown runs to the end, not to the start."""
        return self.counts_to is not None and self.counts_to == self.ends_at


def shown(form: Form, lang: str) -> Shown:
    """What a form would show the shopper."""
    slots = _slots(form)
    first = min(slots, default=None)
    starts_at, ends_at = first or (None, None)
    begun = starts_at is not None and starts_at <= now()
    items = [_item(form, f"items-{row}-", lang) for row in form.rows("items")]
    return Shown(
        form.value("title"), starts_at, ends_at, ends_at if begun else starts_at, len(slots), items
    )


def shown_sale(sale: Sale, form: Form, lang: str) -> Shown:
    """A published sale with the name and times, and before it opens the items, that are typed."""
    starts_at = _moment(form.value("starts_at")) or sale.starts_at
    ends_at = _moment(form.value("ends_at")) or sale.ends_at
    typed = [_item(form, f"items-{row}-", lang) for row in form.rows("items")]
    items = typed or [_shown_item(item, lang) for item in sale.items]
    counts_to = ends_at if starts_at <= now() else starts_at
    return Shown(form.value("title"), starts_at, ends_at, counts_to, 1, items)


def _slots(form: Form) -> list[tuple[datetime, datetime]]:
    typed = [
        (form.value(f"slots-{row}-starts_at"), form.value(f"slots-{row}-ends_at"))
        for row in form.rows("slots")
    ]
    hours = [part.strip().partition("-") for part in form.value("times").split(",")]
    days = [part.strip() for part in form.value("days").split(",")]
    typed += [
        (f"{day}T{begins}", f"{day}T{ends}") for day, (begins, _, ends) in product(days, hours)
    ]
    moments = ((_moment(begins), _moment(ends)) for begins, ends in typed)
    return [(begins, ends) for begins, ends in moments if begins and ends]


def _item(form: Form, start: str, lang: str) -> ShownItem:
    tier = tier_of_code(form.value(f"{start}min_tier"))
    return ShownItem(
        form.value(f"{start}title"),
        _whole(form.value(f"{start}points_price")),
        fen_typed(form.value(f"{start}cash_fen")) or 0,
        _whole(form.value(f"{start}stock")),
        _whole(form.value(f"{start}allowance")),
        tier.name(lang) if tier and tier.rank else "",
        form.value(f"{start}fulfilment") == DELIVERY,
    )


def _shown_item(item: SaleItem, lang: str) -> ShownItem:
    rank = item.min_tier_rank
    return ShownItem(
        item.title,
        item.points_price,
        item.cash_fen,
        item.stock,
        item.allowance or 0,
        tier_of_rank(rank).name(lang) if rank else "",
        item.fulfilment == DELIVERY,
    )


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=shop_zone())


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST else 0
