"""The shop's figures on the dashboard, and the report of what it owes in points."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, render_template

from miniprogram_api.core.clock import today
from miniprogram_api.core.db import transaction
from miniprogram_api.merchant.csv_files import download
from miniprogram_api.merchant.dashboard import Panel, add_panel
from miniprogram_api.merchant.navigation import BOOKS, Door, add_door
from miniprogram_api.pages.shell import say
from miniprogram_api.staff import audit
from miniprogram_api.staff.guards import for_staff

from . import charts, figures, merchant_sieves
from .liability import Liability, Step, expected_breakage, liability

DAYS = 30
ADDRESS = "/admin/liability"

blp = Blueprint("reports_merchant", __name__, template_folder="templates")


@blp.get(ADDRESS)
@for_staff("manager")
def report() -> str:
    """What members can still claim, in points and money; when it expires; how much of it will."""
    owed = liability()
    return render_template(
        "reports/liability.html",
        owed=owed,
        breakage=expected_breakage(),
        months=[(span, figures.points_figures(span)) for span in (30, 90, 365)],
        chart=charts.ladder([_month(step) for step in owed.ladder], owed),
        month=_month,
        freshness=figures.freshness(),
    )


@blp.post(f"{ADDRESS}/export")
@for_staff("manager")
def export() -> Response:
    """The ladder of expiry as a file; who took it is in the audit."""
    owed = liability()
    with transaction():
        audit.record("liability.export", "report:liability", after=_told(owed))
    return download(
        f"liability-{today().isoformat()}",
        [say("到期月", "Month"), say("积分", "Points"), say("金额（分）", "Worth in fen")],
        [(_month(step), step.points, step.worth_fen) for step in owed.ladder],
    )


def _told(owed: Liability) -> dict[str, Any]:
    return {"outstanding_points": owed.outstanding_points, "worth_fen": owed.worth_fen}


def _month(step: Step) -> str:
    if step.month_on is None:
        return say("永久有效", "Never")
    spelt = step.month_on.strftime("%Y-%m")
    return say(f"{spelt} 起", f"{spelt} on") if step.is_later else spelt


def _figures() -> dict[str, Any]:
    counted = figures.member_figures()
    return {
        "members": counted,
        "dormant": merchant_sieves.idle(counted.dormant_days),
        "since": today() - timedelta(days=DAYS - 1),
        "points": figures.points_figures(DAYS),
        "owed": liability(),
        "days": DAYS,
        "freshness": figures.freshness(),
    }


def _points() -> dict[str, Any]:
    series: Sequence[figures.DayFigures] = figures.day_series(DAYS)
    moved = figures.points_figures(DAYS)
    return {"series": series, "chart": charts.days(series), "moved": moved, "days": DAYS}


def _sources() -> dict[str, Any]:
    found = figures.sources(DAYS)
    return {"sources": found, "chart": charts.sources(found), "days": DAYS}


add_panel(Panel("figures", "reports/figures.html", _figures, columns=12, rank=0))
add_panel(Panel("points", "reports/points.html", _points, columns=8, rank=10))
add_panel(Panel("sources", "reports/sources.html", _sources, columns=4, rank=11))
add_door(Door(ADDRESS, "积分负债", "Liability", "report-money", BOOKS, role="manager", rank=20))
