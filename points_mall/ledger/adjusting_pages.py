"""调整积分与审批 · points given and taken by hand, in two steps, and what waits for a second pair of eyes."""

import secrets
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template
from marshmallow import fields, validate

from miniprogram_api.core.db import db
from miniprogram_api.core.errors import DomainError
from miniprogram_api.http.problems import status_of
from miniprogram_api.http.schemas import Integer, Points, Schema, Text, Token
from miniprogram_api.members.accounts import member_of_record
from miniprogram_api.members.models import Member
from miniprogram_api.merchant.acting import carried_out
from miniprogram_api.merchant.forms import Form, FormRefused, posted, reason_sent
from miniprogram_api.merchant.listing import Choice, asked, page_of
from miniprogram_api.merchant.member_pages import name_of, told_above
from miniprogram_api.merchant.member_tabs import Act, add_act
from miniprogram_api.merchant.navigation import PEOPLE, Door, add_door
from miniprogram_api.staff import audit
from miniprogram_api.staff.guards import for_staff

from . import adjustments
from .adjustments import Adjusted
from .errors import BalanceMoved
from .models import AdjustmentRequest

GIVE, TAKE = "give", "take"
MOST_BY_HAND = 10_000_000
APPROVALS = "/admin/approvals"
OPEN, ANY = "open", "any"
STATES = Choice("state", "等待审批", "Waiting", ((ANY, "全部记录", "All there were"),))

blp = Blueprint("points_adjusting", __name__, template_folder="templates")


class AdjustSchema(Schema):
    """How many points are given or taken, and why."""

    direction = fields.String(required=True, validate=validate.OneOf((GIVE, TAKE)))
    points = Points(required=True, maximum=MOST_BY_HAND)
    reason = Text(200, required=True)


class ConfirmedSchema(AdjustSchema):
    """The same, looked at: the balance that was shown, and what makes a repeat harmless."""

    seen = Integer(required=True)
    key = Token("^[0-9a-f]{32}$", required=True)


@blp.get("/admin/members/<member_no>/adjust")
@for_staff("manager")
def ask_adjust(member_no: str) -> str:
    """The first step: how many, and why."""
    return _form_page(member_of_record(member_no), Form())


@blp.post("/admin/members/<member_no>/adjust/look")
@for_staff("manager")
def look(member_no: str) -> Any:
    """The second step: what it would do, to be confirmed. Nothing moves."""
    person, form = member_of_record(member_no), posted()
    try:
        told = form.load(AdjustSchema())
        return _look_page(person, form, told)
    except FormRefused as refused:
        return _form_page(person, refused.form), 422
    except DomainError as refusal:
        return _form_page(person, form.refused(refusal).form), status_of(type(refusal))


@blp.post("/admin/members/<member_no>/adjust")
@for_staff("manager")
def adjust(member_no: str) -> Any:
    """Post it, or ask for it where it is beyond the limit."""
    person, form = member_of_record(member_no), posted()
    try:
        told = form.load(ConfirmedSchema())
        done = _adjusted(person, told)
    except FormRefused as refused:
        return _form_page(person, refused.form), 422
    except BalanceMoved as refusal:
        form.refused(refusal)
        return _look_page(person, form, told), status_of(BalanceMoved)
    except DomainError as refusal:
        return _form_page(person, form.refused(refusal).form), status_of(type(refusal))
    how = "done" if done.request_id is None else "asked"
    return redirect(f"/admin/members/{member_no}?told={how}", 303)


@blp.get(APPROVALS)
@for_staff("manager")
def approvals() -> str:
    """What waits for somebody else, and on request what was decided."""
    return _approvals_page()


@blp.post("/admin/approvals/<int:request_id>/approve")
@for_staff("manager")
def approve(request_id: int) -> Any:
    """Post what somebody else has asked for."""
    return carried_out(
        lambda _form: adjustments.approve(request_id, why=reason_sent()),
        then=APPROVALS,
        again=_approvals_page,
    )


@blp.post("/admin/approvals/<int:request_id>/refuse")
@for_staff("manager")
def refuse(request_id: int) -> Any:
    """Refuse what somebody else has asked for, or withdraw one's own."""
    return carried_out(
        lambda _form: adjustments.refuse(request_id, why=reason_sent()),
        then=APPROVALS,
        again=_approvals_page,
    )


def _adjusted(person: Member, told: dict[str, Any]) -> Adjusted:
    return adjustments.adjust(
        person.id, _signed(told), why=told["reason"], key=told["key"], seen=told["seen"]
    )


def _signed(told: dict[str, Any]) -> int:
    points = int(told["points"])
    return points if told["direction"] == GIVE else -points


def _form_page(person: Member, form: Form) -> str:
    return render_template(
        "ledger/adjust.html",
        member=person,
        name=name_of(person),
        form=form,
        most=MOST_BY_HAND,
        has=adjustments.foresee(person.id, 0),
    )


def _look_page(person: Member, form: Form, told: dict[str, Any]) -> str:
    coming = adjustments.foresee(person.id, _signed(told))
    form.values["key"] = form.value("key") or secrets.token_hex(16)
    form.values["seen"] = str(coming.available)
    return render_template(
        "ledger/adjust_look.html",
        member=person,
        name=name_of(person),
        form=form,
        points=_signed(told),
        coming=coming,
    )


def _approvals_page(form: Form | None = None) -> str:
    wanted = asked(STATES)
    query = adjustments.every() if wanted.filters else adjustments.waiting()
    rows = db.session.scalars(wanted.latest(query, AdjustmentRequest.id)).all()
    listing = page_of(wanted, rows)
    ids = [row.member_id for row in listing.rows]
    people = db.session.scalars(sa.select(Member).where(Member.id.in_(ids))).all()
    return render_template(
        "ledger/approvals.html",
        listing=listing,
        states=STATES,
        people={one.id: one for one in people},
        name_of=name_of,
        has={one: adjustments.foresee(one, 0) for one in set(ids)},
        mine=audit.actor(),
        form=told_above(form),
        shows_all=bool(wanted.filters),
        state_of=adjustments.state_of,
    )


add_act(Act("adjust", "调整积分", "Adjust points", "coins", rank=10))
add_door(
    Door(
        APPROVALS, "审批", "Approvals", "check", PEOPLE, role="manager", rank=20,
        count=adjustments.waiting_count,
    )
)  # fmt: skip
