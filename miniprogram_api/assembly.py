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
from .merchant import act_pages, job_pages, me_pages, member_acts, member_pages, notes, risk_pages
from .merchant import alerts as _alerts  # noqa: F401 - joins the dashboard
from .merchant import dashboard as merchant_dashboard
from .merchant import member_habits as _habits  # noqa: F401 - joins the member's page
from .merchant import shell as merchant
from .merchant import staff_pages as merchant_staff
from .merchant import wechat_watch as _wechat_watch  # noqa: F401 - joins the dashboard
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
from .setup import checks as setup_checks
from .setup import owner_pages as setup_owner
from .setup import pages as setup
from .setup import settings_pages as setup_settings
from .setup.cli import setup_command
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
    member_closing.connect(notes.forget_member)
    addresses.connect(openid_of=accounts.openid_of, member_of=accounts.member_id_with)
    risk_subjects.connect(member_id_of=accounts.member_id_of_no)
    wechat_push_received.connect(opt_in.hear)
    exports.register("messages", personal.messages_of)
    exports.register("risk", risk_personal.decisions_about)
    exports.register("staff_notes", notes.export_notes)


FLOOR = Part(
    api=(members.login, sessions.blp, members.blp, subscriptions.blp, staff.blp, health.blp),
    pages=(
        metrics.blp,
        push.blueprint,
        staff_pages.blp,
        merchant.blp,
        merchant_dashboard.blp,
        risk_pages.blp,
        merchant_staff.blp,
        job_pages.blp,
        act_pages.blp,
        me_pages.blp,
        member_pages.blp,
        member_acts.blp,
        setup.blp,
        setup_owner.blp,
        setup_checks.blp,
        setup_settings.blp,
    ),
    commands=(
        demo,
        settings_cli,
        setup_command,
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
