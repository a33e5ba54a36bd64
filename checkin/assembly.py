"""The daily check-in, put together."""

from miniprogram_api.demo import seeds
from miniprogram_api.members import exports
from miniprogram_api.members.events import member_closing
from miniprogram_api.messaging import kinds as message_kinds
from miniprogram_api.part import Part
from miniprogram_api.setup.steps import add_step
from points_mall.grants import kinds as grant_kinds

from . import demo, door, merchant_pages, personal, routes
from . import jobs as _jobs  # noqa: F401 - registers its work
from . import merchant_tabs as _tabs  # noqa: F401 - joins the member's page
from .cards import MAKE_UP_CARDS
from .cli import checkin_cli
from .first_rule import FIRST_RULE
from .reminders import REMINDER, do_not_remind


def connect() -> None:
    """Join what lies below."""
    member_closing.connect(do_not_remind)
    message_kinds.register(REMINDER)
    grant_kinds.register(MAKE_UP_CARDS)
    exports.register("checkins", personal.export_check_ins)
    seeds.introduce(demo.PEOPLE)
    add_step(FIRST_RULE)


CHECKIN = Part(
    api=(routes.blp,),
    pages=(merchant_pages.blp,),
    commands=(checkin_cli,),
    seeds=(("签到 · check-ins", demo.seed),),
    connect=connect,
    entrances=(door.ENTRANCE,),
)
