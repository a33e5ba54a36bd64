"""审计 · the audit: who did what to what, when, from where and why, and what it changed."""

from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from flask import Blueprint

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db
from miniprogram_api.pages.shell import say
from miniprogram_api.staff.guards import for_staff
from miniprogram_api.staff.models import StaffAct

from .act_names import act_name, subject_address, subject_name, subjects_meant
from .csv_files import download
from .differences import changes
from .listing import Asked, Choice, asked, list_page
from .navigation import HOUSE, Door, add_door

ADDRESS = "/admin/acts"
_table = cast(sa.Table, StaffAct.__table__)

blp = Blueprint("merchant_acts", __name__)


@blp.get(ADDRESS)
@for_staff("manager")
def acts() -> Any:
    """Acts, the latest first; the same as a file."""
    choices = _choices()
    wanted = asked(*choices, days=True)
    return list_page(
        wanted,
        db.session.execute(_query(wanted)).all(),
        "merchant/acts.html",
        file=_file,
        choices=choices,
        changes=changes,
        person=person,
        act_name=act_name,
        subject_name=subject_name,
        subject_address=subject_address,
    )


def _query(wanted: Asked) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(_table).where(*wanted.within_days(_table.c.at))
    if person := wanted.filters.get("who"):
        query = query.where(_table.c.actor == person)
    if act := wanted.filters.get("act"):
        query = query.where(_table.c.act == act)
    if wanted.query:
        query = query.where(_table.c.subject.in_(subjects_meant(wanted.query)))
    return wanted.latest(query, _table.c.id)


def _choices() -> Sequence[Choice]:
    people = [(who, person(who), person(who)) for who in _distinct(_table.c.actor)]
    known = [(act, act_name(act), act_name(act)) for act in _distinct(_table.c.act)]
    return (
        Choice("who", "全部人员", "Everybody", people),
        Choice("act", "全部操作", "Every act", sorted(known, key=lambda one: one[1])),
    )


def person(actor: str) -> str:
    """Who acted, as people say it."""
    names = {"command": say("命令行", "Command line"), "system": say("系统", "The system")}
    return names.get(actor, actor.removeprefix("staff:"))


def _distinct(column: sa.Column[str]) -> Sequence[str]:
    """The values of an indexed column, one step along its index for each."""
    first = sa.select(sa.func.min(column).label("value")).cte("found", recursive=True)
    following = sa.select(sa.func.min(column)).where(column > first.c.value).scalar_subquery()
    found = first.union_all(sa.select(following).where(first.c.value.is_not(None)))
    query = sa.select(found.c.value).where(found.c.value.is_not(None))
    return db.session.scalars(query).all()


def _file(rows: Sequence[Any]) -> Any:
    columns = (
        say("时间", "When"),
        say("人员", "Who"),
        say("操作", "Act"),
        say("对象", "Subject"),
        say("变化", "Change"),
        say("原因", "Reason"),
        say("来自", "From"),
    )
    return download(
        "acts",
        columns,
        (
            (
                in_shop_time(row.at).isoformat(sep=" ")[:19],
                person(row.actor),
                act_name(row.act),
                row.subject,
                "; ".join(
                    f"{one.name}: {one.was or '-'} → {one.becomes or '-'}"
                    for one in changes(row.before, row.after)
                ),
                row.reason,
                row.address,
            )
            for row in rows
        ),
    )


add_door(Door(ADDRESS, "审计", "Audit", "history", HOUSE, role="manager", rank=80))
