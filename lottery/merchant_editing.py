"""Publishing and closing wheels from the merchant's pages: each act whole, with its line in the audit."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.merchant.desks import copied_key, is_new, number_of
from miniprogram_api.merchant.drafts import take_draft
from miniprogram_api.merchant.editing import Running, Sheet, take
from miniprogram_api.merchant.forms import Form
from miniprogram_api.staff import audit

from . import merchant_figures, published, services, versions
from .errors import NoSuchWheel
from .merchant_forms import form_of_version, meant_by, terms_of_version
from .models import Wheel, WheelPrize, WheelVersion
from .terms import WheelTerms
from .versions import Standing, Version
from .wheel_file import spelt

KIND = "wheel"
BEGINNING: Mapping[str, Any] = {
    "points_cost": 10,
    "free_draws_per_day": 1,
    "daily_limit": 10,
    "weight_total": 1000,
    "prizes": [
        {"name": "88 积分", "kind": "points", "weight": 100, "amount": 88, "value_fen": "0"},
        {"name": "谢谢参与", "kind": "nothing", "weight": 900, "value_fen": "0",
         "is_consolation": True},
    ],
}  # fmt: skip
"""What the form of a new wheel begins with."""


def running(key: str) -> Running:
    """What draws now, as a form; of a new wheel, what one begins with.

    :raises NoSuchWheel: there is none.
    """
    copied = copied_key()
    if is_new(key):
        return Running(running(copied).form if copied else Form.of(BEGINNING), "")
    version = standing_of(key).version
    form = form_of_version(version, merchant_figures.units_in_all(version))
    return Running(form, str(version.version), version.actor, version.effective_at)


def standing_of(key: str) -> Standing:
    """A wheel as it stands.

    :raises NoSuchWheel: there is none.
    """
    wheel_id = number_of(key)
    if wheel_id is None:
        raise NoSuchWheel("no such wheel")
    published.wheel_of(wheel_id)
    return versions.standing(db.session(), [wheel_id])[wheel_id]


def publish(sheet: Sheet, reason: str) -> str:
    """Publish what a sheet says: a new wheel, or the next version of one; answer its page.

    :raises FormRefused: it cannot be drawn from.
    :raises EditedMeanwhile: the draft, or the version that draws, is another one by now.
    """
    terms = meant_by(sheet.form, _codes_used(sheet.subject))
    if is_new(sheet.subject):
        wheel_id = _publish_new(sheet, terms, reason)
    else:
        wheel_id = standing_of(sheet.subject).id
        _publish_version(sheet, wheel_id, terms, reason)
    return f"/admin/wheels/{wheel_id}?told=published"


@retrying
def close(wheel_id: int, reason: str) -> None:
    """Close a wheel for good.

    :raises NoSuchWheel: there is none.
    """
    with transaction():
        standing = standing_of(str(wheel_id))
        before = {"closes_at": _told(standing.ends_at), "closed_at": _told(standing.closed_at)}
        services.close(wheel_id)
        wheel = current_transaction().get_one(Wheel, wheel_id)
        after = {**before, "closed_at": _told(wheel.closed_at)}
        audit.record("wheel.close", f"wheel:{wheel_id}", before=before, after=after, reason=reason)


def spelt_version(version: Version) -> dict[str, Any]:
    """A version as a file spells it."""
    return spelt(terms_of_version(version, merchant_figures.units_in_all(version)))


@retrying
def _publish_new(sheet: Sheet, terms: WheelTerms, reason: str) -> int:
    with transaction():
        take_draft(KIND, sheet.subject, sheet.revision)
        wheel_id = services.create(terms, actor=audit.actor())
        audit.record("wheel.publish", f"wheel:{wheel_id}", after=spelt(terms), reason=reason)
        return wheel_id


@retrying
def _publish_version(sheet: Sheet, wheel_id: int, terms: WheelTerms, reason: str) -> None:
    with transaction() as session:
        session.get(Wheel, wheel_id, with_for_update=True, populate_existing=True)
        stands = running(sheet.subject)
        take(sheet, stands)
        before = spelt_version(standing_of(sheet.subject).version)
        services.change(wheel_id, terms, actor=audit.actor())
        subject, after = f"wheel:{wheel_id}", spelt(terms)
        audit.record("wheel.publish", subject, before=before, after=after, reason=reason)


def _codes_used(key: str) -> list[str]:
    """Every code that a prize of a wheel has ever had."""
    query = (
        sa.select(WheelPrize.code)
        .join(WheelVersion, WheelVersion.id == WheelPrize.version_id)
        .where(WheelVersion.wheel_id == number_of(key))
        .distinct()
    )
    return [] if is_new(key) else list(db.session.scalars(query))


def _told(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat()
