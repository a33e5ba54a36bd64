"""What is done to a member from the member's page: blocked, exported, erased, written about."""

from typing import Any

from flask import Blueprint, Response, render_template

from miniprogram_api.core.db import canonical_json, db
from miniprogram_api.core.errors import DomainError
from miniprogram_api.http.problems import status_of
from miniprogram_api.http.schemas import Integer, Schema, Text
from miniprogram_api.members.accounts import member_of_record
from miniprogram_api.members.models import Member
from miniprogram_api.staff.guards import for_staff

from . import member_editing, notes
from .acting import carried_out
from .forms import Form, FormRefused, posted, reason_sent
from .member_pages import drawn_tab, member_page, name_of
from .member_tabs import Act, Tab, add_act, add_tab

SPANS_DAYS = (1, 7, 30, 365)
FOR_EVER = 0

blp = Blueprint("merchant_member_acts", __name__)


class BlockSchema(Schema):
    """How many days somebody is blocked (0: until it is lifted), and why."""

    days = Integer(FOR_EVER, SPANS_DAYS[-1], required=True)
    reason = Text(200, required=True)


class EraseSchema(Schema):
    """Whose account is closed, typed by hand, and on whose demand."""

    member_no = Text(32, required=True)
    reason = Text(200, required=True)


class NoteSchema(Schema):
    """What somebody writes down."""

    text = Text(notes.LONGEST_NOTE, required=True)


def address_of(person: Member) -> str:
    """The page of a member."""
    return f"/admin/members/{person.member_no}"


@blp.get("/admin/members/<member_no>/block")
@for_staff("manager")
def ask_block(member_no: str) -> str:
    """What a block stops, how long it lasts, and the reason for it."""
    return _block_page(member_of_record(member_no), Form())


@blp.post("/admin/members/<member_no>/block")
@for_staff("manager")
def block(member_no: str) -> Any:
    """Block a member."""
    person = member_of_record(member_no)

    def act(form: Form) -> None:
        told = form.load(BlockSchema())
        days = told["days"] or None
        member_editing.block(person.id, reason=told["reason"], days=days)

    return carried_out(act, then=address_of(person), again=lambda form: _block_page(person, form))


@blp.post("/admin/members/<member_no>/unblock")
@for_staff("manager")
def unblock(member_no: str) -> Any:
    """Lift a member's block."""
    person = member_of_record(member_no)
    return carried_out(
        lambda _form: member_editing.unblock(person.id, reason=reason_sent()),
        then=address_of(person),
        again=lambda form: member_page(person, form),
    )


@blp.post("/admin/members/<member_no>/export")
@for_staff("manager")
def export(member_no: str) -> Any:
    """Everything about a member as a file: this once, for nothing of it is kept here."""
    person = member_of_record(member_no)
    try:
        told = member_editing.export(person.id, reason=reason_sent())
    except DomainError as refusal:
        again = member_page(person, posted().refused(refusal).form)
        return again, status_of(type(refusal))
    file = Response(canonical_json(told), mimetype="application/json")
    file.headers["Content-Disposition"] = f'attachment; filename="member-{member_no}.json"'
    file.headers["Cache-Control"] = "no-store"
    return file


@blp.get("/admin/members/<member_no>/erase")
@for_staff("owner")
def ask_erase(member_no: str) -> str:
    """What closing an account does, before it is done for good."""
    return _erase_page(member_of_record(member_no), Form())


@blp.post("/admin/members/<member_no>/erase")
@for_staff("owner")
def erase(member_no: str) -> Any:
    """Close an account on its owner's demand."""
    person = member_of_record(member_no)

    def act(form: Form) -> None:
        told = form.load(EraseSchema())
        member_editing.erase(person.id, typed_no=told["member_no"], reason=told["reason"])

    return carried_out(act, then=address_of(person), again=lambda form: _erase_page(person, form))


@blp.post("/admin/members/<member_no>/notes")
@for_staff("editor")
def write_note(member_no: str) -> Any:
    """Write a note; the tab with it, or with what is wrong."""
    person, form = member_of_record(member_no), posted()
    try:
        notes.write(person.id, form.load(NoteSchema())["text"])
    except FormRefused as refused:
        return drawn_tab(person, NOTES, form=refused.form), 422
    except DomainError as refusal:
        again = drawn_tab(person, NOTES, form=form.refused(refusal).form)
        return again, status_of(type(refusal))
    return drawn_tab(person, NOTES)


def _notes(member_id: int) -> dict[str, Any]:
    found = db.session.scalars(notes.notes_of(member_id).limit(200)).all()
    return {"notes": found, "form": Form(), "longest": notes.LONGEST_NOTE}


def _block_page(person: Member, form: Form) -> str:
    spans = [(days, f"{days} 天", f"{days} days") for days in SPANS_DAYS]
    return render_template(
        "merchant/member_block.html", member=person, name=name_of(person), form=form, spans=spans
    )


def _erase_page(person: Member, form: Form) -> str:
    return render_template(
        "merchant/member_erase.html", member=person, name=name_of(person), form=form
    )


NOTES = Tab("notes", "备注", "Notes", _notes, template="merchant/member_notes.html", rank=70)
add_tab(NOTES)
add_act(Act("block", "封禁", "Block", "ban", rank=80, is_dangerous=True))
add_act(Act("erase", "注销账号", "Close the account", "trash", "owner", rank=90, is_dangerous=True))
