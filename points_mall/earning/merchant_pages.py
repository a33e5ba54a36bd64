"""积分规则 · the merchant's pages of the earning rule (`/admin/earning`)."""

from typing import Any

from flask import Blueprint, render_template
from markupsafe import Markup

from miniprogram_api.core.errors import DomainError
from miniprogram_api.merchant.editing import sent_sheet
from miniprogram_api.merchant.forms import FormRefused
from miniprogram_api.merchant.navigation import SHOP, Door, add_door
from miniprogram_api.merchant.version_pages import objections, rule_pages
from miniprogram_api.merchant.versions import RULE
from miniprogram_api.pages.shell import say
from miniprogram_api.staff.guards import for_staff
from points_mall.ledger.explorer_causes import tell_rule

from .explaining import RULE as EARNED_BY
from .explaining import sentences
from .merchant_editing import EARNING, Replayed, replayed

blp = Blueprint("earning_merchant", __name__, template_folder="templates")
rule_pages(blp, EARNING)


@blp.post("/admin/earning/edit/what-if")
@for_staff("editor")
def what_if() -> str:
    """What the last thirty days would have earned under the form; nothing is written."""
    form = sent_sheet(EARNING.kind, RULE).form
    try:
        found = replayed(EARNING.read(form))
    except FormRefused as refused:
        return objections(EARNING, refused.form)
    except DomainError as refusal:
        return objections(EARNING, form.refused(refusal).form)
    return render_template(
        "earning/what_if.html",
        shown=found,
        found=found.found,
        chart=_chart(found),
        table=_table(found),
    )


def _chart(shown: Replayed) -> dict[str, Any]:
    """Who gains and who loses most, as bars."""
    changes = (*shown.found.gainers, *reversed(shown.found.losers))
    colours = ["#067a45" if change.gain > 0 else "#c24a4a" for change in changes]
    bars = {
        "label": say("积分变化", "Change in points"),
        "data": [change.gain for change in changes],
        "backgroundColor": colours,
        "maxBarThickness": 28,
    }
    return {
        "type": "bar",
        "data": {"labels": [shown.numbers[one.member_id] for one in changes], "datasets": [bars]},
        "options": {"indexAxis": "y", "plugins": {"legend": {"display": False}}},
    }


def _table(shown: Replayed) -> tuple[list[str], list[list[object]]]:
    """The same, in words; each member leads to their page."""
    headings = [say("会员", "Member"), say("实际", "Was"), say("按草稿", "Under the draft")]
    changes = (*shown.found.gainers, *shown.found.losers)
    link = Markup('<a href="/admin/members/{0}">{0}</a>')
    return headings, [
        [link.format(shown.numbers[one.member_id]), one.before, one.after] for one in changes
    ]


tell_rule(EARNED_BY, sentences)
add_door(Door("/admin/earning", "积分规则", "Earning rules", "coins", SHOP, rank=20))
