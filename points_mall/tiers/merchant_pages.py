"""会员等级 · the merchant's pages of the ladder (`/admin/tiers`)."""

from flask import Blueprint, render_template

from miniprogram_api.core.db import db
from miniprogram_api.http.language import language
from miniprogram_api.merchant.navigation import SHOP, Door, add_door
from miniprogram_api.merchant.version_pages import rule_pages
from miniprogram_api.staff.guards import for_staff

from . import ladder
from .merchant_counts import standing_counts
from .merchant_editing import TIERS, growth_told

blp = Blueprint("tiers_merchant", __name__, template_folder="templates")
rule_pages(blp, TIERS)


@blp.get("/admin/tiers/standing")
@for_staff("editor")
def standing() -> str:
    """The ladder in force, and how many members stand on each step."""
    current = ladder.current()
    counts = standing_counts(db.session())
    return render_template(
        "tiers/standing.html",
        terms=current.terms,
        counts=counts,
        total=sum(counts.values()),
        growth_told=growth_told,
        language=language(),
    )


add_door(Door("/admin/tiers", "会员等级", "Tiers", "crown", SHOP, rank=10))
