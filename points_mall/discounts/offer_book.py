"""The shop's threshold offers: which are in force, how a new one is published and an old one ended."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.memory import Memory
from points_mall.coupons.terms import Scope

from .errors import NoSuchOffer, OfferJustChanged, OfferNotAllowed
from .models import ThresholdOfferVersion
from .offers import ThresholdOffer

versions = cast(sa.Table, ThresholdOfferVersion.__table__)
_ALL = sa.select(versions).order_by(versions.c.code, versions.c.version)


@dataclass(frozen=True)
class Published:
    """A version as it is read; `offer` is None where it was ended."""

    code: str
    version: int
    offer: ThresholdOffer | None
    starts_at: datetime
    ends_at: datetime | None

    def counts_at(self, moment: datetime) -> bool:
        """Whether it takes something off at a moment, were it the latest that has begun."""
        return self.offer is not None and (self.ends_at is None or moment < self.ends_at)


def read_all() -> tuple[Published, ...]:
    """Every version of every offer: by code, the first one first."""
    return tuple(_published(row) for row in db.session.execute(_ALL))


_known: Memory[str, tuple[Published, ...]] = Memory("discounts.offers", lambda _key: read_all())


def offers_at(moment: datetime) -> tuple[ThresholdOffer, ...]:
    """The offers in force at a moment, in the order of their codes, which is that of their steps."""
    return in_force(_known.get("") or (), moment)


def in_force(found: Iterable[Published], moment: datetime) -> tuple[ThresholdOffer, ...]:
    """Which of these versions count at a moment: of each offer the latest that has begun."""
    latest = {one.code: one for one in found if one.starts_at <= moment}
    return tuple(one.offer for one in latest.values() if one.offer and one.counts_at(moment))


def forget() -> None:
    """Read the offers anew at the next question."""
    _known.forget()


@retrying
def publish(
    offer: ThresholdOffer,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    *,
    actor: str,
) -> Published:
    """Publish an offer, or its next version, from a moment on; without one, from now.

    :raises OfferNotAllowed: it would begin in the past, or end before it begins.
    """
    moment = now()
    begins = starts_at or moment
    if begins < moment:
        raise OfferNotAllowed(f"{in_shop_time(begins)} is past; what was sold does not change")
    if ends_at is not None and ends_at <= begins:
        raise OfferNotAllowed("an offer ends after it begins")
    return _write(offer.code, spelt(offer), begins, ends_at, actor)


def publish_all(
    offers: Sequence[tuple[ThresholdOffer, datetime | None, datetime | None]], *, actor: str
) -> list[Published]:
    """Publish several, each with its begin and end, or none where one is refused."""
    with transaction():
        return [publish(*one, actor=actor) for one in offers]


@retrying
def end(code: str, *, actor: str) -> Published:
    """End an offer now, whatever was planned for it.

    :raises NoSuchOffer: there is none.
    """
    if not any(one.code == code for one in read_all()):
        raise NoSuchOffer(f"no offer {code!r}")
    return _write(code, None, now(), None, actor)


def spelt(offer: ThresholdOffer) -> dict[str, Any]:
    """An offer as plain JSON; what is open to all is left out."""
    scope = {name: list(value) for name, value in asdict(offer.scope).items() if value}
    return {
        "title_zh": offer.title_zh,
        "title_en": offer.title_en,
        "levels": [list(level) for level in offer.levels],
        "repeats": offer.repeats,
        "scope": scope,
    }


def offer_from(code: str, terms: dict[str, Any]) -> ThresholdOffer:
    """The offer that `spelt` spelt.

    :raises OfferNotAllowed: it would give more than the bill, or its levels do not rise.
    """
    scope = {name: tuple(value) for name, value in terms.get("scope", {}).items()}
    levels = tuple((level[0], level[1]) for level in terms["levels"])
    return ThresholdOffer(
        code,
        terms["title_zh"],
        terms["title_en"],
        levels,
        Scope(**scope),
        repeats=terms.get("repeats", False),
    )


def _write(
    code: str,
    terms: dict[str, Any] | None,
    starts_at: datetime,
    ends_at: datetime | None,
    actor: str,
) -> Published:
    with transaction() as session:
        latest = session.scalar(sa.select(sa.func.max(versions.c.version)).filter_by(code=code))
        row = {
            "code": code,
            "version": (latest or 0) + 1,
            "terms": terms,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "actor": actor,
            "created_at": now(),
        }
        if not bulk.insert_missing(session, versions, [row]):
            raise OfferJustChanged(f"version {row['version']} of {code} was saved by somebody else")
    forget()
    offer = offer_from(code, terms) if terms is not None else None
    return Published(code, (latest or 0) + 1, offer, starts_at, ends_at)


def _published(row: Any) -> Published:
    offer = offer_from(row.code, row.terms) if row.terms is not None else None
    return Published(row.code, row.version, offer, row.starts_at, row.ends_at)
