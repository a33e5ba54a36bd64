"""What needs somebody now, on the dashboard: features say what they find, with the page that shows it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.db import db
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.log import log
from miniprogram_api.jobs.services import queue_figures

from .dashboard import Panel, add_panel
from .job_list import LATE_AFTER, late_count

_log = log(__name__)


@dataclass(frozen=True)
class Alert:
    """One thing that needs somebody.

    :param href: the page where it can be looked at.
    :param is_grave: it harms members or money until somebody acts.
    :param role: whom the page is open to.
    """

    zh: str
    en: str
    href: str
    is_grave: bool = False
    role: str = "manager"


_watches: dict[str, Callable[[], Iterable[Alert]]] = {}


def add_watch(code: str, watch: Callable[[], Iterable[Alert]]) -> None:
    """Let a feature say what needs somebody; it is asked for the dashboard. A repeat changes nothing."""
    _watches[code] = watch


def alerts() -> list[Alert]:
    """What all features find, the grave first; a watch that fails is itself an alert."""
    found: list[Alert] = []
    for code, watch in _watches.items():
        try:
            found += watch()
        except (sa.exc.SQLAlchemyError, DomainError) as error:
            db.session.rollback()
            _log.warning("watch_failed", watch=code, error=type(error).__name__)
            found.append(Alert(f"无法检查：{code}", f"Cannot be looked at: {code}", "/admin/jobs"))
    return sorted(found, key=lambda alert: not alert.is_grave)


def _jobs() -> Iterable[Alert]:
    figures, late = queue_figures(), late_count()
    if figures.buried_count:
        count = figures.buried_count
        yield Alert(
            f"{count} 个任务多次失败，已搁置",
            f"{count} jobs failed too often and are buried",
            "/admin/jobs?state=buried",
            is_grave=True,
        )
    if late:
        minutes = int(LATE_AFTER.total_seconds() // 60)
        yield Alert(
            f"{late} 个任务到期超过 {minutes} 分钟未执行，请检查后台进程",
            f"{late} jobs are due for more than {minutes} minutes: is a worker running?",
            "/admin/jobs?state=late",
            is_grave=True,
        )


def _panel() -> Mapping[str, Any]:
    return {"alerts": alerts()}


add_watch("jobs", _jobs)
add_panel(Panel("alerts", "merchant/alerts.html", _panel, columns=12, every_seconds=60, rank=5))
