"""The public page that shows how anybody checks a draw."""

from pathlib import Path

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, render_template

from miniprogram_api.auth.guards import public
from miniprogram_api.core.clock import today
from miniprogram_api.core.db import db
from miniprogram_api.http.language import language
from miniprogram_api.pages.welcome import Link

from . import fairness, odds, periods, published, versions
from .models import Wheel
from .shown import ENDED, rules_of, state_of
from .versions import Version

DAYS_SHOWN = 14
WHEELS_SHOWN = 50

LINK = Link(
    "/fairness",
    "抽奖公平性",
    "Fair draws",
    "概率、承诺与种子，人人可以复算每一次抽奖",
    "Odds, promises and seeds: anybody can recompute every draw",
)

blp = Blueprint("fairness", __name__, template_folder="templates")


@blp.get("/fairness")
@public
def overview() -> str:
    """How draws are checked, and every wheel."""
    query = sa.select(Wheel).order_by(Wheel.id.desc()).limit(WHEELS_SHOWN)
    return render_template(
        "lottery/fairness.html",
        wheels=db.session.scalars(query).all(),
        algorithm=fairness.ALGORITHM,
    )


@blp.get("/fairness/<id:wheel_id>")
@public
def wheel(wheel_id: int) -> str:
    """One wheel: its odds, its promises, the seeds that are published."""
    published.wheel_of(wheel_id)
    standing = versions.standing(db.session(), [wheel_id])[wheel_id]
    if state_of(standing) != ENDED:
        periods.ensure([wheel_id], today())
    return render_template(
        "lottery/wheel.html",
        wheel=standing,
        odds=_odds_of(standing.version),
        rules=rules_of(standing.version),
        days=published.days_of(wheel_id, DAYS_SHOWN),
        english=language() == "en",
    )


@blp.get("/fairness/verify_draw.py")
@public
def script() -> Response:
    """The script that recomputes a draw, as it stands in docs/."""
    path = Path(current_app.root_path) / "docs" / "verify_draw.py"
    response = Response(path.read_bytes(), mimetype="text/x-python")
    response.headers["Content-Disposition"] = 'attachment; filename="verify_draw.py"'
    return response


def _odds_of(version: Version) -> list[tuple[str, int, str]]:
    return [
        (prize.name, prize.weight, odds.odds_text(prize.weight, version.weight_total))
        for prize in version.prizes
    ]
