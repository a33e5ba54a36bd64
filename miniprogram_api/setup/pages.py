"""The steps of the set-up before there is an owner; the link's token is who asks.

Each step keeps what it was given and leads to the next; any of them can be gone through again.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import marshmallow as ma
from flask import Blueprint, current_app, redirect, render_template, request, url_for

from miniprogram_api.auth.devices import device_of
from miniprogram_api.auth.guards import public
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.settings import Origin, origin_of, settings
from miniprogram_api.http.problems import Problem
from miniprogram_api.merchant.forms import Form, FormRefused, posted
from miniprogram_api.pages.shell import say
from miniprogram_api.staff import passwords
from miniprogram_api.staff.errors import PasswordTooWeak, UsernameNotAllowed
from miniprogram_api.staff.pages import opened
from miniprogram_api.staff.signing_in import sign_in

from . import config_file, keeping, links
from .credentials import Merchant, Trouble, try_merchant, try_program
from .schemas import MerchantSchema, OwnerSchema, ProgramSchema, ShopSchema

STAGES = (
    ("shop", "店铺", "Shop"),
    ("wechat", "微信", "WeChat"),
    ("owner", "老板账号", "Owner"),
    ("rules", "首个规则", "First rules"),
    ("checks", "体检", "Check-up"),
)
AFTERWARDS = "/admin/setup"
_SHOP = ("SHOP_NAME", "SHOP_TIME_ZONE")
_PROGRAM = ("WX_APPID", "WX_SECRET")

blp = Blueprint("setup", __name__, template_folder="templates")


@blp.get("/setup/<token>")
@public
def begin(token: str) -> Any:
    """Lead to the first step that is not done."""
    links.require(token)
    given = _given()
    todo = "shop" if not given["SHOP_NAME"] else "owner" if given["WX_SECRET"] else "wechat"
    return redirect(url_for(f"setup.show_{todo}", token=token), 303)


@blp.get("/setup/<token>/shop")
@public
def show_shop(token: str) -> str:
    """What the shop is called, and its time zone."""
    links.require(token)
    given = _given()
    form = Form(
        {
            "shop_name": str(given["SHOP_NAME"] or ""),
            "shop_time_zone": str(given["SHOP_TIME_ZONE"] or settings().shop_time_zone),
        }
    )
    return _draw("shop", token, form)


@blp.post("/setup/<token>/shop")
@public
def keep_shop(token: str) -> Any:
    """Keep them; what the environment gives is not asked."""
    links.require(token)

    def act(form: Form) -> None:
        asked = [name.lower() for name in _SHOP if not _is_fixed(name)]
        read = _load(form, ShopSchema(only=asked)) if asked else {}
        keeping.keep({name.upper(): value for name, value in read.items()})

    return _done("shop", token, act, "setup.show_wechat")


@blp.get("/setup/<token>/wechat")
@public
def show_wechat(token: str) -> str:
    """The mini-program's credentials, and those of WeChat Pay."""
    links.require(token)
    given = _given()
    shown = ("WX_APPID", "WXPAY_MCHID", "WXPAY_SERIAL", "WXPAY_PUBKEY_ID", "WXPAY_NOTIFY_URL")
    return _draw("wechat", token, Form({name.lower(): str(given[name] or "") for name in shown}))


@blp.post("/setup/<token>/wechat")
@public
def keep_wechat(token: str) -> Any:
    """Try the credentials at WeChat, and keep those that it takes."""
    links.require(token)
    return _done("wechat", token, _try_and_keep, "setup.show_owner")


@blp.get("/setup/<token>/owner")
@public
def show_owner(token: str) -> str:
    """The first who may do everything."""
    links.require(token)
    return _draw("owner", token, Form())


@blp.post("/setup/<token>/owner")
@public
def appoint(token: str) -> Any:
    """Make the first owner, who is signed in at once; the link opens nothing more."""
    links.require(token)
    form, password = posted("password", "again"), request.form.get("password", "")
    try:
        _appoint(token, form, password)
    except FormRefused as refused:
        return _draw("owner", token, refused.form), 422
    done = sign_in(form.value("username"), password, None, device_of(request.user_agent.string))
    return opened(done, AFTERWARDS)


def closed_here(_problem: Problem) -> str:
    """What somebody sees whose link opens nothing."""
    return render_template("setup/closed.html", has_staff=links.has_staff_now())


def _done(stage: str, token: str, act: Callable[[Form], None], then: str) -> Any:
    form = posted()
    try:
        act(form)
    except FormRefused as refused:
        return _draw(stage, token, refused.form), 422
    except DomainError as refusal:
        return _draw(stage, token, form.refused(refusal).form), 422
    return redirect(url_for(then, token=token), 303)


def _draw(stage: str, token: str, form: Form) -> str:
    return render_template(
        f"setup/{stage}.html",
        stage=stage,
        stages=STAGES,
        token=token,
        form=form,
        is_fixed=_is_fixed,
        given=_given(),
        zones=[(name, name) for name in sorted(available_timezones())],
        shortest=passwords.SHORTEST,
    )


def _given() -> dict[str, Any]:
    """What is set already, by file or environment; a default is not given."""
    held = config_file.values(Path(current_app.instance_path))
    return {name: held.get(name) or _running(name) for name in (*_SHOP, *_PROGRAM, *_MERCHANT)}


def _running(name: str) -> object:
    return None if origin_of(name) is Origin.DEFAULT else getattr(settings(), name.lower())


def _is_fixed(name: str) -> bool:
    """Whether the environment gives a setting, so that no form asks for it."""
    return origin_of(name) is Origin.ENVIRONMENT


_MERCHANT = (
    "WXPAY_MCHID",
    "WXPAY_SERIAL",
    "WXPAY_APIV3_KEY",
    "WXPAY_KEY_FILE",
    "WXPAY_PUBKEY_ID",
    "WXPAY_PUBKEY_FILE",
    "WXPAY_NOTIFY_URL",
)


def _try_and_keep(form: Form) -> None:
    given = _given()
    program = _program(form, given)
    _refuse(form, try_program(program["WX_APPID"], program["WX_SECRET"]))
    merchant = _merchant(form)
    if merchant is not None:
        _refuse(form, try_merchant(program["WX_APPID"], merchant))
    keeping.keep({name: value for name, value in program.items() if not _is_fixed(name)})
    if merchant is not None:
        keeping.keep_merchant(merchant)


def _program(form: Form, given: dict[str, Any]) -> dict[str, str]:
    """The credentials that will hold: typed now, or given before where nothing was typed."""
    asked = [name.lower() for name in _PROGRAM if not _is_fixed(name)]
    if given["WX_SECRET"] and not form.value("wx_secret") and "wx_secret" in asked:
        asked.remove("wx_secret")
    read = _load(form, ProgramSchema(only=asked)) if asked else {}
    return {name: read.get(name.lower(), given[name]) for name in _PROGRAM}


def _merchant(form: Form) -> Merchant | None:
    """What was typed of WeChat Pay; None where nothing new was, or the environment gives it."""
    if _is_fixed("WXPAY_MCHID") or not (form.value("wxpay_key") or form.value("wxpay_apiv3_key")):
        return None
    read = _load(form, MerchantSchema())
    return Merchant(
        **{name.removeprefix("wxpay_"): value.replace("\r\n", "\n") for name, value in read.items()}
    )


def _load(form: Form, schema: ma.Schema) -> Any:
    """What a part of the form means; what is wrong with it stands in the whole form.

    :raises FormRefused: something is.
    """
    part = Form({name: form.value(name) for name in schema.fields}, form.errors)
    try:
        return part.load(schema)
    except FormRefused as refused:
        raise FormRefused(form) from refused


def _refuse(form: Form, trouble: Trouble | None) -> None:
    if trouble is not None:
        form.errors[trouble.field] = say(*trouble.words)
        raise FormRefused(form)


def _appoint(token: str, form: Form, password: str) -> None:
    read = form.load(OwnerSchema())
    if password != request.form.get("again", ""):
        form.errors["again"] = say("两次输入的密码不一样", "The two passwords differ")
        raise FormRefused(form)
    try:
        keeping.appoint_owner(token, **read, password=password)
    except PasswordTooWeak as refusal:
        form.errors["password"] = say(
            f"至少 {passwords.SHORTEST} 个字，不要用常见的密码，也不要包含用户名",
            f"At least {passwords.SHORTEST} characters, none of the common ones, not with the user name",
        )
        raise FormRefused(form) from refusal
    except UsernameNotAllowed as refusal:
        form.errors["username"] = say(
            "2 到 32 位：小写字母、数字、点、横线、下划线", str(refusal).capitalize()
        )
        raise FormRefused(form) from refusal
