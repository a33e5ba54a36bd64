"""The floor, put together."""

from .auth import routes as sessions
from .demo import staff as staff_demo
from .demo.cli import demo, simulator
from .doctor import doctor_command
from .http import cli as http_cli
from .http import health, metrics
from .jobs.cli import jobs_cli, scheduler_command, worker_command
from .members import accounts, exports
from .members import jobs as _member_jobs  # noqa: F401 - registers its work
from .members import message_routes as subscriptions
from .members import routes as members
from .members.cli import members_cli
from .members.events import member_closing
from .merchant import dashboard as merchant_dashboard
from .merchant import shell as merchant
from .messaging import addresses, opt_in, personal
from .messaging import jobs as _message_jobs  # noqa: F401 - registers its work
from .part import Part
from .repeats import jobs as _repeat_jobs  # noqa: F401 - registers its work
from .repeats.records import forget_member
from .risk import jobs as _risk_jobs  # noqa: F401 - registers its work
from .risk import personal as risk_personal
from .risk import subjects as risk_subjects
from .risk.cli import risk_cli
from .settings_cli import settings_cli
from .staff import pages as staff_pages
from .staff import routes as staff
from .staff.cli import staff_cli
from .wechat import push
from .wechat.events import wechat_push_received


def connect() -> None:
    """Join the floor's own events and registries."""
    member_closing.connect(forget_member)
    member_closing.connect(personal.forget_member)
    member_closing.connect(risk_personal.forget_member)
    addresses.connect(openid_of=accounts.openid_of, member_of=accounts.member_id_with)
    risk_subjects.connect(member_id_of=accounts.member_id_of_no)
    wechat_push_received.connect(opt_in.hear)
    exports.register("messages", personal.messages_of)
    exports.register("risk", risk_personal.decisions_about)


FLOOR = Part(
    api=(members.login, sessions.blp, members.blp, subscriptions.blp, staff.blp, health.blp),
    pages=(metrics.blp, push.blueprint, staff_pages.blp, merchant.blp, merchant_dashboard.blp),
    commands=(
        demo,
        settings_cli,
        worker_command,
        scheduler_command,
        jobs_cli,
        members_cli,
        staff_cli,
        http_cli.openapi,
        http_cli.problems,
        doctor_command,
        simulator,
        risk_cli,
    ),
    seeds=(("员工 · staff", staff_demo.seed),),
    connect=connect,
)
