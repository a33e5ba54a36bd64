"""我的账号 · one's own password, second factor and sessions; for everybody who works here."""

from typing import Any

from flask import Blueprint, render_template

from miniprogram_api.core.errors import Unprocessable
from miniprogram_api.http.schemas import Schema, Text
from miniprogram_api.risk import pace
from miniprogram_api.staff import accounts
from miniprogram_api.staff.guards import current_staff, for_staff
from miniprogram_api.staff.roles import role_of
from miniprogram_api.staff.signing_in import prove

from .acting import ASKED, carried_out
from .forms import Form
from .navigation import HOUSE, Door, add_door
from .staff_pages import living_sessions_of

ADDRESS = "/admin/me"

blp = Blueprint("merchant_me", __name__)


class PasswordsDiffer(Unprocessable):
    """The new password was typed in two ways."""

    code = "passwords_differ"
    title_zh = "两次输入的新密码不一致"
    title_en = "The new password was typed in two ways"


class ProofSchema(Schema):
    """Who acts, proved once more."""

    password = Text(128, required=True)
    otp = Text(7, load_default="")


class DropSchema(Schema):
    """The same proof under names of its own: both forms stand on one page."""

    password = Text(128, required=True, data_key="drop_password")
    otp = Text(7, load_default="", data_key="drop_otp")


class NewPasswordSchema(ProofSchema):
    """The new password, twice."""

    new = Text(128, required=True)
    again = Text(128, required=True)


@blp.get(ADDRESS)
@for_staff("cashier", before_second_factor=True)
def me() -> str:
    """My account."""
    return _page(Form())


@blp.post(f"{ADDRESS}/password")
@for_staff("cashier", before_second_factor=True)
def change_password() -> Any:
    """Give myself a new password; my other sessions end."""
    return carried_out(_change_password, then=ADDRESS, again=_page, told="saved")


@blp.post(f"{ADDRESS}/second-factor/drop")
@for_staff("cashier")
def drop_second_factor() -> Any:
    """Turn my second factor off."""
    return carried_out(_drop_second_factor, then=ADDRESS, again=_page)


@blp.post(f"{ADDRESS}/sessions/<int:session_id>/end")
@for_staff("cashier", before_second_factor=True)
def end_session(session_id: int) -> Any:
    """End one of my sessions."""
    username = current_staff().username
    return carried_out(
        lambda _form: accounts.end_session(username, session_id), then=ADDRESS, again=_page
    )


def _change_password(form: Form) -> None:
    told = form.load(NewPasswordSchema())
    if told["new"] != told["again"]:
        raise PasswordsDiffer("type the same twice")
    _prove(told)
    person = current_staff()
    accounts.set_password(person.username, told["new"], keep_session=person.session_id)


def _drop_second_factor(form: Form) -> None:
    form.values.pop(ASKED, None)
    _prove(form.load(DropSchema()))
    person = current_staff()
    accounts.drop_second_factor(person.username, keep_session=person.session_id)


def _prove(told: dict[str, Any]) -> None:
    """A session left open on a desk is not enough: wrong passwords count as they do at the door."""
    person = current_staff()
    pace.check("staff_sign_in", f"staff:{person.staff_id}")
    prove(person.username, told["password"], "".join(told["otp"].split()) or None)


def _page(form: Form) -> str:
    person = current_staff()
    for secret in ("password", "new", "again", "otp", "drop_password", "drop_otp"):
        form.values.pop(secret, None)  # what is secret is typed anew
    return render_template(
        "merchant/me.html",
        person=person,
        role=role_of(person.role),
        sessions=living_sessions_of(person.staff_id),
        form=form,
    )


add_door(Door(ADDRESS, "我的账号", "My account", "lock", HOUSE, role="cashier", rank=90))
