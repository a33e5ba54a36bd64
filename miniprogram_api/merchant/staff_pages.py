"""员工与权限 · who works here, as what, and how they may come in; for owners."""

import secrets
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, make_response, redirect, render_template
from marshmallow import validate

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db
from miniprogram_api.core.errors import DomainError
from miniprogram_api.http.problems import status_of
from miniprogram_api.http.schemas import Schema, Text
from miniprogram_api.pages.shell import say
from miniprogram_api.staff import accounts, sessions
from miniprogram_api.staff.errors import NoSuchStaff
from miniprogram_api.staff.guards import current_staff, for_staff
from miniprogram_api.staff.models import Staff, StaffSession
from miniprogram_api.staff.roles import CODES, ROLES, role_of

from .act_names import name_subject
from .acting import carried_out
from .csv_files import download
from .forms import Form, FormRefused, posted, reason_sent
from .listing import Asked, Choice, asked, list_page
from .navigation import HOUSE, Door, add_door

ADDRESS = "/admin/staff"
_PASSWORD_BYTES = 12

blp = Blueprint("merchant_staff", __name__)


class StaffSchema(Schema):
    """What somebody is here."""

    name = Text(32, required=True)
    role = Text(16, required=True, validate=validate.OneOf(CODES))
    store = Text(32, load_default="")


class NewStaffSchema(StaffSchema):
    """Somebody new."""

    username = Text(32, min_length=2, required=True)


class ChangedStaffSchema(StaffSchema):
    """What somebody becomes, and why."""

    reason = Text(200, required=True)


@blp.get(ADDRESS)
@for_staff("owner")
def people() -> Any:
    """Everybody, by user name; the same as a file."""
    choices = _choices()
    wanted = asked(*choices)
    return list_page(
        wanted,
        db.session.execute(_people(wanted)).all(),
        "merchant/staff.html",
        file=_file,
        choices=choices,
        role_name=role_of,
        moment_now=now(),
    )


@blp.get(f"{ADDRESS}/account/new")
@for_staff("owner")
def ask_new() -> str:
    """The form for somebody new."""
    return _new_form(Form())


@blp.post(f"{ADDRESS}/account/new")
@for_staff("owner")
def add() -> Any:
    """Give somebody an account; the password is shown this once."""
    form, password = posted(), secrets.token_urlsafe(_PASSWORD_BYTES)
    try:
        told = form.load(NewStaffSchema())
        username = told["username"].lower()
        store = told["store"] or None
        accounts.add(username, password, told["role"], name=told["name"], store=store)
    except FormRefused as refused:
        return _new_form(refused.form), 422
    except DomainError as refusal:
        g.problem_code = refusal.code
        return _new_form(form.refused(refusal).form), status_of(type(refusal))
    return _password_shown(username, password)


@blp.get(f"{ADDRESS}/<username>")
@for_staff("owner")
def person(username: str) -> str:
    """One of them: role, store, second factor, open sessions."""
    return _page(username, Form())


@blp.get(f"{ADDRESS}/number/<int:staff_id>")
@for_staff("owner")
def person_with_number(staff_id: int) -> Any:
    """The page of whom an act names by number."""
    username = db.session.scalar(sa.select(Staff.username).filter_by(id=staff_id))
    if username is None:
        raise NoSuchStaff(f"nobody has the number {staff_id}")
    return redirect(f"{ADDRESS}/{username}")


@blp.post(f"{ADDRESS}/<username>")
@for_staff("owner")
def change(username: str) -> Any:
    """Change what somebody is."""

    def act(form: Form) -> None:
        told = form.load(ChangedStaffSchema())
        accounts.change(username, **told)

    return _done(username, act, told="saved")


@blp.post(f"{ADDRESS}/<username>/password")
@for_staff("owner")
def reset_password(username: str) -> Any:
    """Give somebody a new password, shown this once; every session of the old one ends."""
    form, password = posted(), secrets.token_urlsafe(_PASSWORD_BYTES)
    try:
        accounts.set_password(username, password, reason=reason_sent())
    except DomainError as refusal:
        return _page(username, form.refused(refusal).form), status_of(type(refusal))
    return _password_shown(username, password)


@blp.post(f"{ADDRESS}/<username>/unlock")
@for_staff("owner")
def unlock(username: str) -> Any:
    """Open an account that wrong sign-ins have locked."""
    return _done(username, lambda _form: accounts.unlock(username, reason=reason_sent()))


@blp.post(f"{ADDRESS}/<username>/second-factor")
@for_staff("owner")
def drop_second_factor(username: str) -> Any:
    """Turn off the second factor of somebody who has lost the phone."""
    return _done(
        username, lambda _form: accounts.drop_second_factor(username, reason=reason_sent())
    )


@blp.post(f"{ADDRESS}/<username>/leave")
@for_staff("owner")
def leave(username: str) -> Any:
    """Somebody has left."""
    return _done(username, lambda _form: accounts.leave(username, reason=reason_sent()))


@blp.post(f"{ADDRESS}/<username>/sessions/<int:session_id>/end")
@for_staff("owner")
def end_session(username: str, session_id: int) -> Any:
    """End one of somebody's sessions."""
    return _done(username, lambda _form: accounts.end_session(username, session_id))


def living_sessions_of(staff_id: int) -> Sequence[StaffSession]:
    """Somebody's open sessions, the latest first."""
    query = sessions.living_sessions(staff_id).order_by(StaffSession.id.desc())
    return db.session.scalars(query).all()


def _done(username: str, act: Any, told: str = "done") -> Any:
    return carried_out(
        act,
        then=f"{ADDRESS}/{username}",
        again=lambda form: _page(username, form),
        told=told,
    )


def _people(wanted: Asked) -> sa.Select[*tuple[Any, ...]]:
    living = (
        sa.select(
            StaffSession.staff_id,
            sa.func.count().label("open_count"),
            sa.func.max(StaffSession.seen_at).label("seen_at"),
        )
        .where(StaffSession.ended_at.is_(None), StaffSession.expires_at > now())
        .group_by(StaffSession.staff_id)
        .subquery()
    )
    query = sa.select(
        Staff.id,
        Staff.username,
        Staff.name,
        Staff.role,
        Staff.store,
        Staff.locked_until,
        Staff.left_at,
        Staff.joined_at,
        Staff.otp_sealed.is_not(None).label("has_second_factor"),
        sa.func.coalesce(living.c.open_count, 0).label("open_count"),
        living.c.seen_at,
    ).outerjoin(living, living.c.staff_id == Staff.id)
    has_left = Staff.left_at.is_not(None)
    query = query.where(has_left if wanted.filters.get("state") == "left" else ~has_left)
    if role := wanted.filters.get("role"):
        query = query.where(Staff.role == role)
    if wanted.query:
        alike = f"%{wanted.query.replace('%', '').replace('_', '')}%"
        query = query.where(sa.or_(Staff.username.ilike(alike), Staff.name.ilike(alike)))
    if wanted.after:
        query = query.where(Staff.id > wanted.after)
    return query.order_by(Staff.id).limit(wanted.rows)


def _choices() -> Sequence[Choice]:
    roles = [(role.code, role.name_zh, role.name_en) for role in ROLES]
    return (
        Choice("role", "全部角色", "Any role", roles),
        Choice("state", "在职", "Works here", [("left", "已离职", "Has left")]),
    )


def _page(username: str, form: Form) -> str:
    found = db.session.scalar(
        sa.select(Staff)
        .filter_by(username=username.strip().lower())
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NoSuchStaff(f"nobody works here as {username[:32]}")
    return render_template(
        "merchant/staff_person.html",
        person=found,
        form=form,
        roles=[(role.code, say(role.name_zh, role.name_en)) for role in ROLES],
        sessions=living_sessions_of(found.id),
        own_session=current_staff().session_id,
        moment_now=now(),
    )


def _new_form(form: Form) -> str:
    roles = [(role.code, say(role.name_zh, role.name_en)) for role in ROLES]
    return render_template("merchant/staff_new.html", form=form, roles=roles)


def _password_shown(username: str, password: str) -> Any:
    page = render_template("merchant/staff_password.html", username=username, password=password)
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def _file(rows: Sequence[Any]) -> Any:
    columns = (
        say("用户名", "User name"),
        say("姓名", "Name"),
        say("角色", "Role"),
        say("门店", "Store"),
        say("动态码", "Second factor"),
        say("入职", "Since"),
        say("离职", "Left"),
    )
    return download("staff", columns, [_cells(row) for row in rows])


def _cells(row: Any) -> tuple[object, ...]:
    role = role_of(row.role)
    factor = say("已启用", "on") if row.has_second_factor else say("未启用", "off")
    joined = in_shop_time(row.joined_at).date()
    left = row.left_at and in_shop_time(row.left_at).date()
    return (
        row.username,
        row.name,
        say(role.name_zh, role.name_en),
        row.store,
        factor,
        joined,
        left,
    )


name_subject("staff", "员工", "Staff", f"{ADDRESS}/number/{{}}")
add_door(Door(ADDRESS, "员工与权限", "Staff", "user-shield", HOUSE, role="owner", rank=60))
