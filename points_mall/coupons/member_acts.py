"""The pages on which staff give a member a coupon, or make one void."""

import secrets
from typing import Any

from flask import Blueprint, render_template
from marshmallow import fields

from miniprogram_api.core.clock import today
from miniprogram_api.http.language import language
from miniprogram_api.http.schemas import Integer, Schema, Text, Token
from miniprogram_api.members.accounts import member_of_record
from miniprogram_api.members.models import Member
from miniprogram_api.merchant.acting import carried_out
from miniprogram_api.merchant.forms import Form, reason_sent
from miniprogram_api.merchant.member_pages import member_page, name_of
from miniprogram_api.merchant.member_tabs import Act, add_act
from miniprogram_api.staff.guards import for_staff

from . import member_editing
from .issuing import MOST_AT_ONCE
from .templates import all_templates
from .words import summary

blp = Blueprint("coupons_member_acts", __name__, template_folder="templates")


class GiveSchema(Schema):
    """Which coupon, how many, and why."""

    template = fields.String(required=True)
    count = Integer(1, MOST_AT_ONCE, required=True)
    reason = Text(200, required=True)
    key = Token("^[0-9a-f]{32}$", required=True)


@blp.get("/admin/members/<member_no>/coupons")
@for_staff("manager")
def ask_give(member_no: str) -> str:
    """Which coupon, how many, why."""
    return _give_page(member_of_record(member_no), Form())


@blp.post("/admin/members/<member_no>/coupons")
@for_staff("manager")
def give(member_no: str) -> Any:
    """Issue it."""
    person = member_of_record(member_no)

    def act(form: Form) -> None:
        told = form.load(GiveSchema())
        member_editing.give(
            person.id, told["template"], told["count"], why=told["reason"], key=told["key"]
        )

    return carried_out(
        act,
        then=f"/admin/members/{member_no}?tab=coupons",
        again=lambda form: _give_page(person, form),
    )


@blp.post("/admin/member-coupons/<code>/void")
@for_staff("manager")
def void(code: str) -> Any:
    """Make a coupon void, and go back to its member."""
    member_no = member_editing.member_no_of(code)
    person = member_of_record(member_no)
    return carried_out(
        lambda _form: member_editing.void(code, why=reason_sent()),
        then=f"/admin/members/{member_no}?tab=coupons",
        again=lambda form: member_page(person, form),
    )


def _give_page(person: Member, form: Form) -> str:
    form.values["key"] = form.value("key") or secrets.token_hex(16)
    return render_template(
        "coupons/give.html",
        member=person,
        name=name_of(person),
        form=form,
        choices=_choices(),
        most=MOST_AT_ONCE,
    )


def _choices() -> list[tuple[str, str]]:
    """The templates that are not over, with what each promises."""
    told, day = language(), today()
    return [
        (
            one.code,
            f"{one.title_en if told == 'en' else one.title_zh}（{summary(one.terms, told)}）",
        )
        for one in all_templates()
        if not one.terms.validity.is_over(day)
    ]


add_act(Act("coupons", "发券", "Give a coupon", "ticket", rank=20))
