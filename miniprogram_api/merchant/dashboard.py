"""总览 · the dashboard: tiles with a figure and panels with a picture, which features join.

The page itself asks nobody anything: each tile and panel is fetched by its own call, so that a slow one
keeps nobody waiting, and one that fails says so in its own place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template

from miniprogram_api.core.errors import NotFound
from miniprogram_api.pages.welcome import Link
from miniprogram_api.staff.errors import RoleTooLow
from miniprogram_api.staff.guards import current_staff, for_staff
from miniprogram_api.staff.roles import may

from .navigation import TOP, Door, add_door

LINK = Link(
    "/admin",
    "商家后台",
    "The merchant's pages",
    "总览、会员、规则与活动、订单、账本与报表",
    "Figures, members, rules and events, orders, books",
)

blp = Blueprint("merchant_dashboard", __name__)


class NoSuchPanel(NotFound):
    """No feature shows this on the dashboard."""

    code = "no_such_panel"
    title_zh = "没有这块内容"
    title_en = "No such panel"


@dataclass(frozen=True)
class Panel:
    """A part of the dashboard, drawn from a template.

    :param make: gathers what the template shows; called with the request's context.
    :param columns: of twelve, on a wide screen.
    :param every_seconds: how often it is asked for again while somebody looks; 0: never.
    :param rank: panels stand in the order of their ranks.
    """

    code: str
    template: str
    make: Callable[[], Mapping[str, Any]]
    columns: int = 6
    every_seconds: int = 0
    role: str = "editor"
    rank: int = 50


_panels: dict[str, Panel] = {}


def add_panel(panel: Panel) -> None:
    """Show a part on the dashboard; a repeat changes nothing."""
    _panels[panel.code] = panel


def panels_for(role: str) -> list[Panel]:
    """What a role may look at, in order."""
    seen = (panel for panel in _panels.values() if may(role, panel.role))
    return sorted(seen, key=lambda panel: (panel.rank, panel.code))


@blp.get("/admin")
@for_staff("editor")
def dashboard() -> str:
    """The frames of all panels; they fill themselves."""
    return render_template("merchant/dashboard.html", panels=panels_for(current_staff().role))


@blp.get("/admin/panels/<code>")
@for_staff("editor")
def panel(code: str) -> str:
    """The content of one panel."""
    found = _panels.get(code)
    if found is None:
        raise NoSuchPanel(f"no panel {code[:32]}")
    if not may(current_staff().role, found.role):
        raise RoleTooLow(f"needs role {found.role}", required=found.role)
    return render_template(found.template, **found.make())


add_door(Door("/admin", "总览", "Dashboard", "layout-dashboard", TOP, rank=0))
