"""The application, put together from its parts. Nothing imports this module."""

import os
from pathlib import Path

from flask import Flask

from checkin.assembly import CHECKIN
from lottery import pages as fairness
from lottery.assembly import LOTTERY
from miniprogram_api.assembly import FLOOR
from miniprogram_api.auth import door
from miniprogram_api.auth import errors as auth
from miniprogram_api.core import settings
from miniprogram_api.core.db import init_db
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.log import init_logging
from miniprogram_api.core.redis import init_redis
from miniprogram_api.demo import seeds
from miniprogram_api.http.api import init_api
from miniprogram_api.http.manners import init_http
from miniprogram_api.jobs.carrier import init_jobs
from miniprogram_api.merchant import dashboard as merchant_dashboard
from miniprogram_api.merchant.shell import init_merchant
from miniprogram_api.messaging.channels import init_messaging
from miniprogram_api.pages import docs
from miniprogram_api.pages.shell import init_pages, show_instead_of
from miniprogram_api.pages.welcome import Link, add_links, init_welcome
from miniprogram_api.part import Part
from miniprogram_api.setup import pages as setup
from miniprogram_api.staff import errors as staff
from miniprogram_api.staff import pages as staff_pages
from miniprogram_api.wechat.extension import init_wechat
from miniprogram_api.wechat.transport import OPEN_PLATFORM
from points_mall.assembly import MALL
from points_mall.cashier import pages as till

PARTS: tuple[Part, ...] = (FLOOR, MALL, CHECKIN, LOTTERY)
"""From the ground up. They join events from the top down: where a member leaves, the games let go
before the mall, and the mall before the floor."""

GUARDS: dict[str, tuple[type[DomainError], ...]] = {
    "public": (),
    "member": (auth.TokenMissing, auth.TokenInvalid, auth.TokenExpired, auth.TokenRevoked),
    "staff": (
        auth.TokenMissing,
        auth.TokenInvalid,
        staff.RoleTooLow,
        staff.SecondFactorNeeded,
        staff.CsrfRefused,
    ),
}
"""What each guard answers when it refuses, for the documentation."""


def create_app(config: dict[str, object] | None = None) -> Flask:
    """Put the application together.

    :param config: overrides by UPPER-CASE name, of our settings and of Flask's.
    """
    app = Flask(
        __name__,
        instance_path=_instance_path(),
        instance_relative_config=True,
        static_folder=None,  # the page shell brings its own
    )
    app.config.from_mapping(config or {})
    loaded = app.extensions["settings"] = settings.load(app, config)
    init_logging(loaded)
    init_db(app, loaded)
    init_redis(app, loaded)
    init_jobs(app, loaded)
    init_messaging(app)
    init_wechat(app, loaded)
    init_http(app, loaded)
    init_pages(app)
    init_merchant(app)
    show_instead_of(app, staff_pages.sign_in_here, "token_missing", "token_invalid")
    show_instead_of(app, staff_pages.set_up_here, "second_factor_needed")
    show_instead_of(app, staff_pages.unlock_here, "session_locked")
    show_instead_of(app, setup.closed_here, "setup_closed")
    api = init_api(app, GUARDS)
    for part in PARTS:
        for documented in part.api:
            api.register_blueprint(documented)
        for blueprint in part.pages:
            app.register_blueprint(blueprint)
        for command in part.commands:
            app.cli.add_command(command)
        for name, seed in part.seeds:
            seeds.register(name, seed)
    for part in reversed(PARTS):
        part.connect()
    door.keep(app, [entrance for part in PARTS for entrance in part.entrances])
    init_welcome(app)
    add_links(app, *_phone(loaded), till.LINK, merchant_dashboard.LINK, fairness.LINK, *docs.LINKS)
    return app


def _phone(loaded: settings.Settings) -> tuple[Link, ...]:
    """The door to the simulator's phone, where a demo has one in WeChat's place."""
    if loaded.environment != "demo" or loaded.wx_open_base == OPEN_PLATFORM:
        return ()
    about = (
        "登录、签到、兑换、秒杀、抽奖：从这里开始",
        "Log in, check in, redeem, claim, draw: begin here",
    )
    return (Link(f"{loaded.wx_open_base}/", "购物者的手机", "The shopper's phone", *about),)


def _instance_path() -> str:
    """The folder of this installation: configuration, SQLite file, Redis socket."""
    path = Path(os.environ.get("MALL_INSTANCE", Path(__file__).parent / "instance")).resolve()
    path.mkdir(parents=True, exist_ok=True)
    return str(path)
