"""The public list of drops, with what is left of each: at most a second old."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db
from miniprogram_api.core.memory import Memory
from miniprogram_api.http.language import language
from points_mall.coupons.shown import told_terms
from points_mall.coupons.words import summary
from points_mall.stock.remaining import remaining_of

from .drops import Drop, read_all
from .models import CouponDrop
from .states import DropState, state_at

BACK = timedelta(days=1)
MOST_SHOWN = 100

Shown = list[tuple[Drop, dict[str, Any]]]

_drops = cast(sa.Table, CouponDrop.__table__)
_ORDER = {DropState.RUNNING: 0, DropState.UPCOMING: 1, DropState.ENDED: 2}


def shown_drops() -> dict[str, Any]:
    """What is open, then what opens next, then the last drop of each plan that is over since a day.

    States are of this very moment, whatever was kept.
    """
    moment = now()
    told = [(drop, body, _state(drop, moment)) for drop, body in _list.get(language()) or []]
    told.sort(key=lambda one: _place(one[0], one[2]))
    return {
        "items": [{**body, "state": state.value} for _, body, state in told],
        "next_cursor": None,
        "server_time": _told(moment),
    }


def forget_cached() -> None:
    """Read the list anew at the next question (for tests)."""
    _list.forget()


def _read(_language: str) -> Shown:
    found = read_all([*_ids_to_come(), *_ids_just_over()])
    left = remaining_of(drop.pool_id for drop in found)
    return [(drop, _body(drop, left)) for drop in found]


_list = Memory("coupon_drops.shown", _read)


def _ids_to_come() -> list[int]:
    query = (
        sa.select(_drops.c.id)
        .where(_drops.c.closes_at > now(), _drops.c.called_off_at.is_(None))
        .order_by(_drops.c.opens_at, _drops.c.id)
        .limit(MOST_SHOWN)
    )
    return list(db.session.scalars(query))


def _ids_just_over() -> list[int]:
    """The last drop of each plan that is over; drops of a plan are made in the order of time."""
    moment = now()
    query = (
        sa.select(sa.func.max(_drops.c.id))
        .where(
            _drops.c.closes_at <= moment,
            _drops.c.closes_at > moment - BACK,
            _drops.c.called_off_at.is_(None),
        )
        .group_by(_drops.c.plan_id)
        .limit(MOST_SHOWN)
    )
    return list(db.session.scalars(query))


def _state(drop: Drop, moment: datetime) -> DropState:
    return state_at(moment, drop.opens_at, drop.closes_at)


def _place(drop: Drop, state: DropState) -> tuple[int, float, int]:
    """What closes soonest, what opens soonest, what closed last."""
    at = {
        DropState.RUNNING: drop.closes_at.timestamp(),
        DropState.UPCOMING: drop.opens_at.timestamp(),
        DropState.ENDED: -drop.closes_at.timestamp(),
    }
    return _ORDER[state], at[state], drop.id


def _body(drop: Drop, left: Mapping[int, int]) -> dict[str, Any]:
    template = drop.template
    return {
        "id": str(drop.id),
        "plan_id": str(drop.plan_id),
        "title": drop.title(language()),
        "opens_at": _told(drop.opens_at),
        "closes_at": _told(drop.closes_at),
        "stock": drop.stock,
        "remaining": max(0, left[drop.pool_id]),
        "allowance": drop.allowance,
        "coupon": {
            "template": template.code,
            "title": template.title_en if language() == "en" else template.title_zh,
            "summary": summary(template.terms, language()),
            "terms": told_terms(template.terms, template.copied),
        },
    }


def _told(moment: datetime) -> str:
    return in_shop_time(moment).isoformat()
