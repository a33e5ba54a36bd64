"""会员等级 · a member's tier on the member's page, and the page on which staff move them by hand."""

from typing import Any

from flask import Blueprint, render_template
from marshmallow import fields

from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.http.language import language
from miniprogram_api.http.schemas import Schema, Text
from miniprogram_api.members.accounts import locked_member, member_of_record
from miniprogram_api.members.models import Member
from miniprogram_api.merchant.acting import carried_out
from miniprogram_api.merchant.forms import Form
from miniprogram_api.merchant.member_pages import name_of
from miniprogram_api.merchant.member_tabs import Act, Fact, add_act, add_fact
from miniprogram_api.staff import audit
from miniprogram_api.staff.guards import for_staff

from . import ladder
from .services import set_tier, tier_of
from .shown import mine

blp = Blueprint("tiers_member_acts", __name__, template_folder="templates")


class MoveSchema(Schema):
    """To which tier, and why."""

    tier = fields.String(required=True)
    reason = Text(200, required=True)


@blp.get("/admin/members/<member_no>/tier")
@for_staff("manager")
def ask_move(member_no: str) -> str:
    """Where the member stands, and the steps there are."""
    return _page(member_of_record(member_no), Form())


@blp.post("/admin/members/<member_no>/tier")
@for_staff("manager")
def move(member_no: str) -> Any:
    """Move the member by hand."""
    person = member_of_record(member_no)

    def act(form: Form) -> None:
        told = form.load(MoveSchema())
        move_by_hand(person.id, told["tier"], why=told["reason"])

    return carried_out(
        act, then=f"/admin/members/{member_no}", again=lambda form: _page(person, form)
    )


@retrying
def move_by_hand(member_id: int, code: str, *, why: str) -> None:
    """Move a member to a tier, with its act.

    :raises UnknownTier: there is none of that code.
    """
    with transaction():
        member = locked_member(member_id)
        before = tier_of(member_id).code
        after = set_tier(member_id, code, why=why, actor=audit.actor()).code
        audit.record(
            "member.set_tier",
            f"member:{member.member_no}",
            before={"tier": before},
            after={"tier": after},
            reason=why,
        )


def _page(person: Member, form: Form) -> str:
    return render_template(
        "tiers/move.html",
        member=person,
        name=name_of(person),
        form=form,
        standing=mine(person.id),
        choices=[(one.code, one.name(language())) for one in ladder.tiers()],
        language=language(),
    )


def _tier(member_id: int) -> str:
    return tier_of(member_id).name(language())


add_act(Act("tier", "调整等级", "Set the tier", "crown", rank=30))
add_fact(Fact("tier", "等级", "Tier", _tier, rank=10))
