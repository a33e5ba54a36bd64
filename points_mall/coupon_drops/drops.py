"""Drops as claims and lists need them: immutable facts, read at most once a second by a process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import db
from miniprogram_api.core.memory import Memory
from points_mall.coupons.models import CouponTemplate
from points_mall.coupons.templates import Template, templates_with

from .errors import NoSuchDrop
from .models import CouponDrop, CouponDropPlan

POOL_PREFIX = "coupon_drop:"

_drops = cast(sa.Table, CouponDrop.__table__)
_plans = cast(sa.Table, CouponDropPlan.__table__)
_DROPS = (
    sa.select(
        _drops,
        _plans.c.title_zh,
        _plans.c.title_en,
        _plans.c.stock,
        _plans.c.allowance,
        CouponTemplate.code.label("template"),
    )
    .join(_plans, _plans.c.id == _drops.c.plan_id)
    .join(CouponTemplate, CouponTemplate.id == _plans.c.template_id)
    .where(among(_drops.c.id, "ids"))
)


@dataclass(frozen=True)
class Drop:
    """One opening, with the coupon that is to be had."""

    id: int
    plan_id: int
    title_zh: str
    title_en: str
    opens_at: datetime
    closes_at: datetime
    stock: int
    allowance: int
    pool_id: int
    template: Template

    def title(self, language: str) -> str:
        """What people call it."""
        return self.title_en if language == "en" else self.title_zh


def drop_of(drop_id: int) -> Drop:
    """A drop as this process has read it, a second ago at most.

    :raises NoSuchDrop: there is none.
    """
    drop = _facts.get(drop_id)
    if drop is None:
        raise NoSuchDrop(f"no coupon drop {drop_id}")
    return drop


def read_all(drop_ids: Sequence[int]) -> list[Drop]:
    """Drops as the database has them, in the order of `drop_ids`, in two statements."""
    rows = db.session.execute(_DROPS, {"ids": list(drop_ids)}).all()
    known = templates_with(row.template for row in rows)
    drops = {row.id: _drop(row, known[row.template]) for row in rows}
    return [drops[drop_id] for drop_id in drop_ids if drop_id in drops]


def forget_cached() -> None:
    """Read drops anew at the next question (for tests, and after a change by this process)."""
    _facts.forget()


def _read(drop_id: int) -> Drop | None:
    found = read_all([drop_id])
    return found[0] if found else None


_facts = Memory("coupon_drops.facts", _read)


def _drop(row: Any, template: Template) -> Drop:
    return Drop(
        row.id,
        row.plan_id,
        row.title_zh,
        row.title_en,
        row.opens_at,
        row.closes_at,
        row.stock,
        row.allowance,
        row.pool_id,
        template,
    )
