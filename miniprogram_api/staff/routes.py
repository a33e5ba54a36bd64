"""Staff sign in, see and end their sessions, set up their second factor."""

from typing import Any

import sqlalchemy as sa
from flask import request

from miniprogram_api.auth.devices import device_of
from miniprogram_api.auth.guards import public
from miniprogram_api.core.db import db
from miniprogram_api.core.errors import NotFound
from miniprogram_api.core.settings import Settings
from miniprogram_api.http.api import Blueprint
from miniprogram_api.risk import limits, pace
from miniprogram_api.risk.limits import Limit

from . import accounts, schemas, sessions
from .errors import OtpRequired, PinTooWeak, SignInRefused, StaffLocked
from .guards import current_staff, for_staff
from .models import StaffSession
from .signing_in import prove, sign_in, unlock

blp = Blueprint(
    "staff",
    url_prefix="/api/v1/staff",
    title="员工 Staff",
    description="员工登录、会话与动态码 · Staff: sign-in, sessions, second factor",
)


def _sign_in_limit(settings: Settings) -> Limit:
    return Limit(settings.staff_sign_ins_per_minute, 60, settings.staff_sign_ins_per_minute)


limits.declare("staff_sign_in", _sign_in_limit)


@blp.post("/sessions")
@public
@blp.problems(SignInRefused, OtpRequired, StaffLocked)
@blp.arguments(schemas.SignInSchema)
@blp.response(201, schemas.StaffSignedInSchema)
def create_session(given: dict[str, Any]) -> dict[str, Any]:
    """员工登录 · Sign in

    连续输错会暂时锁定账号。 Wrong attempts in a row lock the account for a while.
    """
    pace.check("staff_sign_in", pace.address_of(request.remote_addr))
    device = device_of(request.headers.get("User-Agent", ""))
    done = sign_in(given["username"], given["password"], given.get("otp"), device)
    return {
        "access_token": done.session.token,
        "expires_in": done.session.expires_in,
        "staff": done,
    }


@blp.get("/me")
@for_staff("cashier", before_second_factor=True)
@blp.response(200, schemas.StaffSchema)
def show() -> Any:
    """我是谁 · Who am I"""
    return current_staff()


@blp.get("/sessions")
@for_staff("cashier", before_second_factor=True)
@blp.paged(schemas.StaffSessionSchema, StaffSession.id)
def list_sessions() -> sa.Select[StaffSession]:
    """我的登录会话 · My sessions"""
    return sessions.living_sessions(current_staff().staff_id)


@blp.post("/sessions/current/unlock")
@for_staff("cashier", before_second_factor=True, while_locked=True)
@blp.problems(SignInRefused, StaffLocked)
@blp.arguments(schemas.PinOrPasswordSchema)
@blp.response(204)
def unlock_session(given: dict[str, Any]) -> None:
    """收银台解锁 · Open a till's page that has locked itself

    闲置后收银台的会话会锁定，用 PIN 或密码解锁；输错与登录一同计数。 After some idle minutes the session of a
    till's page answers 403 `session_locked` to everything else. Wrong attempts count like sign-ins.
    """
    pace.check("staff_sign_in", pace.address_of(request.remote_addr))
    secret = given.get("pin") or given.get("password", "")
    unlock(current_staff(), secret, is_pin="pin" in given)


@blp.put("/pin")
@for_staff("cashier")
@blp.problems(SignInRefused, OtpRequired, StaffLocked, PinTooWeak)
@blp.arguments(schemas.NewPinSchema)
@blp.response(204)
def set_pin(given: dict[str, Any]) -> None:
    """设置 PIN · Set my PIN

    六位数字，用于收银台解锁与店长授权，不能登录。 Six digits that open a till's page again and by which a
    manager approves there; they sign nobody in.
    """
    pace.check("staff_sign_in", pace.address_of(request.remote_addr))
    person = prove(current_staff().username, given["password"], given.get("otp"))
    accounts.set_pin(person.username, given["pin"])


@blp.delete("/sessions/current")
@for_staff("cashier", before_second_factor=True, while_locked=True)
@blp.response(204)
def sign_out() -> None:
    """退出登录 · Sign out"""
    sessions.end_session(current_staff().session_id)


@blp.delete("/sessions/<int:session_id>")
@for_staff("cashier", before_second_factor=True)
@blp.problems(NotFound)
@blp.response(204)
def end_session(session_id: int) -> None:
    """结束一个会话 · End one of my sessions"""
    mine = sessions.living_sessions(current_staff().staff_id).where(StaffSession.id == session_id)
    if db.session.scalar(mine) is None:
        raise NotFound("no living session of yours has this number")
    sessions.end_session(session_id)


@blp.post("/second-factor")
@for_staff("cashier", before_second_factor=True)
@blp.response(200, schemas.SecondFactorBegunSchema)
def begin_second_factor() -> dict[str, str]:
    """设置动态码 · Begin to set up a second factor

    用验证器应用扫描 `address`，再以第一个动态码确认。 Scan `address` with an authenticator, then confirm
    with its first code.
    """
    secret, address = accounts.begin_second_factor(current_staff().username)
    return {"secret": secret, "address": address}


@blp.put("/second-factor")
@for_staff("cashier", before_second_factor=True)
@blp.problems(SignInRefused)
@blp.arguments(schemas.SecondFactorProofSchema)
@blp.response(204)
def confirm_second_factor(given: dict[str, Any]) -> None:
    """启用动态码 · Turn the second factor on"""
    accounts.confirm_second_factor(current_staff().username, given["secret"], given["code"])
