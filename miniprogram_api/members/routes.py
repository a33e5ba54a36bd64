"""Logging in, and a member's own account."""

from collections.abc import Mapping
from typing import Any, cast

from flask import Response, jsonify, request

from miniprogram_api.auth.devices import device_of
from miniprogram_api.auth.guards import current_member_id, for_member, public
from miniprogram_api.http.api import Blueprint
from miniprogram_api.http.standard_problems import ValidationFailed
from miniprogram_api.risk import pace, subjects
from miniprogram_api.risk.arrivals import Origin
from miniprogram_api.risk.errors import DeviceIdInvalid, RiskDenied
from miniprogram_api.wechat.cloud_run import cloud_run_identity
from miniprogram_api.wechat.errors import (
    LoginCodeInvalid,
    PhoneCodeInvalid,
    TooManyLogins,
    WeChatBlocked,
    WeChatRefused,
    WeChatUnavailable,
)

from . import consents, errors, schemas, services
from .exports import export_personal_data
from .login import Login, log_in, log_in_with_code
from .profile import profile_of

login = Blueprint(
    "login",
    url_prefix="/api/v1/sessions",
    title="登录 Login",
    description="用微信登录 · Logging in through WeChat",
)

blp = Blueprint(
    "members",
    url_prefix="/api/v1/members/me",
    title="会员 Members",
    description="我的账号：资料、手机号、授权、导出、注销 · My account",
)


@login.post("")
@public
@login.problems(LoginCodeInvalid, WeChatBlocked, WeChatRefused, TooManyLogins, WeChatUnavailable)
@login.problems(RiskDenied, DeviceIdInvalid)
@login.doc(parameters=[subjects.PARAMETER])
@login.arguments(schemas.LoginSchema)
@login.response(201, schemas.SignedInSchema)
def create_session(given: dict[str, Any]) -> dict[str, Any]:
    """登录 · Log in

    用 `wx.login` 的 `code` 换取访问令牌；首次登录即成为会员。令牌过期（401 `token_expired`）时重新
    调用 `wx.login` 静默登录。 Trade a code of `wx.login` for an access token; the first login enrols.
    When the token has expired, call `wx.login` again and log in silently.
    """
    done = _log_in(given.get("code"))
    return {
        "access_token": done.session.access_token,
        "expires_in": done.session.expires_in,
        "is_new_member": done.is_new_member,
        "member": profile_of(done.member_id),
    }


def _log_in(code: str | None) -> Login:
    pace.check("login_address", pace.address_of(request.remote_addr))
    device = device_of(request.headers.get("User-Agent", ""))
    origin = Origin(request.remote_addr, subjects.device_of_request())
    identity = cloud_run_identity(cast("Mapping[str, str]", request.headers))
    if identity is not None:
        return log_in(identity, device, origin)
    if code is None:
        raise ValidationFailed({"json": {"code": ["Missing data for required field."]}})
    return log_in_with_code(code, device, origin)


@blp.get("")
@for_member
@blp.problems(errors.AccountClosed)
@blp.response(200, schemas.MemberSchema)
def show() -> dict[str, Any]:
    """我的账号 · My account"""
    return profile_of(current_member_id())


@blp.put("")
@for_member
@blp.problems(
    errors.AccountClosed,
    errors.NicknameNotAllowed,
    errors.BirthdayNotAllowed,
    errors.GuardianConsentNeeded,
)
@blp.arguments(schemas.ProfileChangeSchema)
@blp.response(200, schemas.MemberSchema)
def change(changes: dict[str, Any]) -> dict[str, Any]:
    """修改资料 · Change my profile

    昵称经微信内容安全检测；检测暂不可用时昵称先只对本人可见。 The nickname passes WeChat's content
    check; while that is away it is shown to its owner alone.
    """
    services.update_profile(current_member_id(), changes)
    return profile_of(current_member_id())


@blp.delete("")
@for_member
@blp.problems(errors.AccountClosed, errors.WalletNotEmpty)
@blp.response(204)
def close() -> None:
    """注销账号 · Close my account

    立即删除个人信息，积分作废，不可恢复；账目以匿名编号保留。 Erases what is personal and forfeits the
    points, for good; the books stay under a bare number. While the wallet holds money that the member
    paid in (钱包中还有储值本金), the shop has to pay it back first.
    """
    services.close_account(current_member_id())


@blp.post("/phone")
@for_member
@blp.problems(
    errors.AccountClosed, errors.PhoneTaken, PhoneCodeInvalid, WeChatRefused, WeChatUnavailable
)
@blp.arguments(schemas.PhoneCodeSchema)
@blp.response(200, schemas.MemberSchema)
def bind_phone(given: dict[str, Any]) -> dict[str, Any]:
    """绑定手机号 · Bind my phone number

    `code` 来自手机号授权按钮。一个手机号只能绑定一个账号。 The code is the `getPhoneNumber` button's.
    One number belongs to one account.
    """
    services.bind_phone(current_member_id(), given["code"])
    return profile_of(current_member_id())


@blp.get("/export")
@for_member
@blp.problems(errors.AccountClosed)
@blp.response(200, schemas.ExportSchema)
def export() -> Response:
    """导出我的数据 · Export my data

    关于我的全部数据，一份 JSON。 Everything about me, as one JSON.
    """
    return jsonify(export_personal_data(current_member_id()))


@blp.get("/consents")
@for_member
@blp.response(200, schemas.ConsentsSchema)
def list_consents() -> dict[str, Any]:
    """我的授权 · My consents

    每份协议的现行版本，以及我是否同意。 Each document's version in force, and how I stand to it.
    """
    return {"items": consents.consents_of(current_member_id()), "next_cursor": None}


@blp.post("/consents")
@for_member
@blp.problems(errors.AccountClosed, errors.UnknownDocument, errors.DocumentOutdated)
@blp.arguments(schemas.ConsentActSchema)
@blp.response(201, schemas.ConsentsSchema)
def record_consent(act: dict[str, Any]) -> dict[str, Any]:
    """同意或撤回 · Agree or withdraw

    `given: false` 为撤回，与同意一样容易。 `given: false` withdraws, as easily as one agrees.
    """
    consents.record_consent(current_member_id(), **act)
    return {"items": consents.consents_of(current_member_id()), "next_cursor": None}
