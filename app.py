"""The application, put together. The only module that knows every feature."""

import os
from pathlib import Path

import click
import flask
from flask import Flask

from checkin import demo as checkin_demo
from checkin import jobs as _checkin_jobs  # noqa: F401 - registers its work
from checkin import personal as checkin_personal
from checkin import routes as checkin
from checkin.cards import MAKE_UP_CARDS
from checkin.cli import checkin_cli
from checkin.reminders import REMINDER, do_not_remind
from lottery import demo as lottery_demo
from lottery import jobs as _lottery_jobs  # noqa: F401 - registers its work
from lottery import pages as fairness
from lottery import personal as lottery_personal
from lottery import routes as lottery
from lottery.chances import DRAW_CHANCES
from lottery.cli import lottery_cli
from miniprogram_api.auth import errors as auth
from miniprogram_api.auth import routes as sessions
from miniprogram_api.core import settings
from miniprogram_api.core.cli import settings_cli
from miniprogram_api.core.db import init_db
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.log import init_logging
from miniprogram_api.core.redis import init_redis
from miniprogram_api.demo import seeds
from miniprogram_api.demo.cli import demo, simulator
from miniprogram_api.doctor import doctor_command
from miniprogram_api.http import cli as http_cli
from miniprogram_api.http import health, metrics
from miniprogram_api.http.api import Blueprint, init_api
from miniprogram_api.http.manners import init_http
from miniprogram_api.jobs.carrier import init_jobs
from miniprogram_api.jobs.cli import jobs_cli, scheduler_command, worker_command
from miniprogram_api.members import accounts, exports, profile
from miniprogram_api.members import jobs as _member_jobs  # noqa: F401 - registers its work
from miniprogram_api.members import message_routes as subscriptions
from miniprogram_api.members import routes as members
from miniprogram_api.members.cli import members_cli
from miniprogram_api.members.events import member_closing, member_enrolled
from miniprogram_api.messaging import addresses, opt_in, personal
from miniprogram_api.messaging import jobs as _message_jobs  # noqa: F401 - registers its work
from miniprogram_api.messaging import kinds as message_kinds
from miniprogram_api.messaging.channels import init_messaging
from miniprogram_api.pages import docs
from miniprogram_api.pages.shell import init_pages
from miniprogram_api.pages.welcome import Link, add_links, init_welcome
from miniprogram_api.repeats import jobs as _repeat_jobs  # noqa: F401 - registers its work
from miniprogram_api.repeats.records import forget_member
from miniprogram_api.risk import blocks as risk_blocks
from miniprogram_api.risk import jobs as _risk_jobs  # noqa: F401 - registers its work
from miniprogram_api.risk import personal as risk_personal
from miniprogram_api.risk import subjects as risk_subjects
from miniprogram_api.risk.cli import risk_cli
from miniprogram_api.risk.events import blocked_members_changed
from miniprogram_api.wechat import push
from miniprogram_api.wechat.events import wechat_push_received
from miniprogram_api.wechat.extension import init_wechat
from miniprogram_api.wechat.transport import OPEN_PLATFORM
from points_mall.catalogue import demo as rewards_demo
from points_mall.catalogue import routes as rewards
from points_mall.catalogue.cli import rewards_cli
from points_mall.flash_sale import demo as flash_sale_demo
from points_mall.flash_sale import door
from points_mall.flash_sale import jobs as _flash_sale_jobs  # noqa: F401 - registers its work
from points_mall.flash_sale import routes as flash_sales
from points_mall.flash_sale.cli import flash_sale_cli
from points_mall.grants import kinds as grant_kinds
from points_mall.grants import rights
from points_mall.grants import routes as owned_rights
from points_mall.ledger import cli as ledger_cli
from points_mall.ledger import jobs as _ledger_jobs  # noqa: F401 - registers its work
from points_mall.ledger import routes as points
from points_mall.ledger import services as ledger
from points_mall.ledger import statements
from points_mall.ledger.demo import seed_command
from points_mall.redemption import audit as redemption_audit
from points_mall.redemption import jobs as _redemption_jobs  # noqa: F401 - registers its work
from points_mall.redemption import personal as redemption_personal
from points_mall.redemption import routes as redemptions
from points_mall.redemption import services as redemption
from points_mall.redemption.cli import redemptions_cli
from points_mall.stock import audit as stock_audit
from points_mall.stock import blocking, rebuilding
from points_mall.stock import jobs as _stock_jobs  # noqa: F401 - registers its work
from points_mall.stock.cli import stock_cli
from points_mall.tiers import shown as tiers
from points_mall.tiers.cli import tiers_cli

API: tuple[Blueprint, ...] = (
    members.login,
    sessions.blp,
    members.blp,
    subscriptions.blp,
    points.blp,
    rewards.blp,
    redemptions.blp,
    flash_sales.blp,
    checkin.blp,
    lottery.wheels,
    lottery.draws,
    owned_rights.blp,
    health.blp,
)
"""The JSON endpoints, in the order in which the documentation shows them."""

PAGES: tuple[flask.Blueprint, ...] = (metrics.blp, push.blueprint, rewards.pictures, fairness.blp)
"""What answers with HTML, or is no part of the documented API."""

COMMANDS: tuple[click.Command, ...] = (
    demo,
    settings_cli,
    worker_command,
    scheduler_command,
    jobs_cli,
    members_cli,
    http_cli.openapi,
    http_cli.problems,
    doctor_command,
    simulator,
    seed_command,
    ledger_cli.points_cli,
    ledger_cli.ledger_cli,
    tiers_cli,
    rewards_cli,
    redemptions_cli,
    flash_sale_cli,
    stock_cli,
    risk_cli,
    checkin_cli,
    lottery_cli,
)
"""What `flask …` offers."""

GUARDS: dict[str, tuple[type[DomainError], ...]] = {
    "public": (),
    "member": (auth.TokenMissing, auth.TokenInvalid, auth.TokenExpired, auth.TokenRevoked),
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
    api = init_api(app, GUARDS)
    for documented in API:
        api.register_blueprint(documented)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    for command in COMMANDS:
        app.cli.add_command(command)
    connect_events()
    door.keep(app)
    init_welcome(app)
    add_links(app, *_phone(loaded), fairness.LINK, *docs.LINKS)
    return app


def connect_events() -> None:
    """Let features above hear what happens below."""
    member_enrolled.connect(ledger.open_account)
    member_closing.connect(redemption.close_orders)  # what goes back is forfeited with the rest
    member_closing.connect(ledger.forfeit)
    member_closing.connect(forget_member)
    member_closing.connect(personal.forget_member)
    member_closing.connect(do_not_remind)
    member_closing.connect(risk_personal.forget_member)
    addresses.connect(openid_of=accounts.openid_of, member_of=accounts.member_id_with)
    risk_subjects.connect(member_id_of=accounts.member_id_of_no)
    rebuilding.blocked_members_from(risk_blocks.blocked_members)
    blocked_members_changed.connect(blocking.follow)
    wechat_push_received.connect(opt_in.hear)
    profile.register("points", statements.balances)
    profile.register("tier", tiers.profile_tier)
    exports.register("points", statements.export_points)
    exports.register("tier", tiers.export_tier)
    exports.register("redemptions", redemption_personal.export_orders)
    exports.register("messages", personal.messages_of)
    exports.register("risk", risk_personal.decisions_about)
    exports.register("checkins", checkin_personal.export_check_ins)
    stock_audit.register("redemption", redemption_audit.findings)
    message_kinds.register(REMINDER)
    exports.register("lottery", lottery_personal.export_lottery)
    exports.register("rights", rights.export_rights)
    grant_kinds.register(MAKE_UP_CARDS)
    grant_kinds.register(DRAW_CHANCES)
    grant_kinds.register(rights.COUPONS)
    seeds.introduce(checkin_demo.PEOPLE)
    seeds.register("签到 · check-ins", checkin_demo.seed)
    seeds.register("积分商品 · rewards", rewards_demo.seed)
    seeds.register("积分秒杀 · flash sales", flash_sale_demo.seed)
    seeds.register("幸运抽奖 · lucky draws", lottery_demo.seed)


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
