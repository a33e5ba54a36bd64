"""The past as the earning rule judges it again: awards, and what was refunded since."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import db
from points_mall.earning.facts import Past
from points_mall.earning.history import past_awards

from .facts import purchase_reference
from .loading import purchases

_REFUNDED = sa.select(
    purchases.c.source, purchases.c.external_id, purchases.c.refunded_fen, purchases.c.total_fen
).where(
    among(purchases.c.source, "sources"),
    among(purchases.c.external_id, "external_ids"),
    purchases.c.refunded_fen > 0,
)


def past_purchases(first: date, last: date) -> Iterator[Past]:
    """What was bought on those days of the shop, and what it earned, less what was refunded."""
    return past_awards(first, last, refunded_of)


def refunded_of(references: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    """Of purchases, by the reference under which they earned: what was refunded of their total."""
    keys = [reference.split(":", 2)[1:] for reference in references]
    asked = {
        "sources": sorted({source for source, _ in keys}),
        "external_ids": [external_id for _, external_id in keys],
    }
    wanted = set(references)
    found = {
        purchase_reference(row.source, row.external_id): (row.refunded_fen, row.total_fen)
        for row in db.session.execute(_REFUNDED, asked)
    }
    return {reference: share for reference, share in found.items() if reference in wanted}
