"""The shop's figures as charts: plain data that Chart.js draws."""

from collections.abc import Sequence
from typing import Any

from miniprogram_api.pages.shell import say

from .figures import DayFigures, Source
from .liability import Liability

GREEN, ORANGE, BLUE, PURPLE, GREY = "#07c160", "#d69e00", "#4098e2", "#ae3ec9", "#adb5bd"
SLICES = (GREEN, "#f59f00", BLUE, PURPLE, "#0ca678", "#e8590c")
_FAINT = {"color": "#eef0ef"}


def days(series: Sequence[DayFigures]) -> dict[str, Any]:
    """What was issued, as a line over its area; what was redeemed, as bars."""
    return {
        "data": {
            "labels": [one.day.strftime("%m-%d") for one in series],
            "datasets": [
                {
                    "type": "line",
                    "label": say("发放", "Issued"),
                    "data": [one.points.issued_points for one in series],
                    "borderColor": GREEN,
                    "backgroundColor": "#07c16020",
                    "fill": True,
                    "tension": 0.35,
                    "pointRadius": 0,
                    "borderWidth": 2,
                },
                {
                    "type": "bar",
                    "label": say("核销", "Redeemed"),
                    "data": [one.points.redeemed_points for one in series],
                    "backgroundColor": ORANGE,
                    "borderRadius": 3,
                    "maxBarThickness": 7,
                },
            ],
        },
        "options": {
            "interaction": {"mode": "index", "intersect": False},
            "plugins": {"legend": {"position": "bottom", "labels": {"boxWidth": 12}}},
            "scales": {
                "x": {"grid": {"display": False}, "ticks": {"maxTicksLimit": 11, "maxRotation": 0}},
                "y": {"beginAtZero": True, "grid": _FAINT, "border": {"display": False}},
            },
        },
    }


def sources(found: Sequence[Source]) -> dict[str, Any]:
    """Where points came from; what is small goes together."""
    most, rest = found[: len(SLICES)], found[len(SLICES) :]
    named = [(say(one.title_zh, one.title_en), one.points) for one in most]
    if rest:
        named.append((say("其他", "Other"), sum(one.points for one in rest)))
    return {
        "type": "doughnut",
        "data": {
            "labels": [name for name, _points in named],
            "datasets": [
                {
                    "data": [points for _name, points in named],
                    "backgroundColor": [*SLICES, GREY][: len(named)]
                    if rest
                    else SLICES[: len(named)],
                    "borderWidth": 2,
                    "borderRadius": 4,
                }
            ],
        },
        "options": {
            "cutout": "68%",
            "plugins": {"legend": {"position": "bottom", "labels": {"boxWidth": 12}}},
        },
    }


def ladder(months: Sequence[str], owed: Liability) -> dict[str, Any]:
    """How many points can last be spent in each month."""
    return {
        "type": "bar",
        "data": {
            "labels": list(months),
            "datasets": [
                {
                    "label": say("到期积分", "Points that expire"),
                    "data": [step.points for step in owed.ladder],
                    "backgroundColor": ORANGE,
                    "borderRadius": 3,
                }
            ],
        },
        "options": {
            "plugins": {"legend": {"display": False}},
            "scales": {
                "x": {"grid": {"display": False}},
                "y": {"beginAtZero": True, "grid": _FAINT, "border": {"display": False}},
            },
        },
    }
