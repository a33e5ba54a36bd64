"""The daily check-in, put together."""

from miniprogram_api.demo import seeds
from miniprogram_api.members import exports
from miniprogram_api.members.events import member_closing
from miniprogram_api.messaging import kinds as message_kinds
from miniprogram_api.part import Part
from points_mall.grants import kinds as grant_kinds

from . import demo, personal, routes
from . import jobs as _jobs  # noqa: F401 - registers its work
from .cards import MAKE_UP_CARDS
from .cli import checkin_cli
from .reminders import REMINDER, do_not_remind


def connect() -> None:
    """Join what lies below."""
    member_closing.connect(do_not_remind)
    message_kinds.register(REMINDER)
    grant_kinds.register(MAKE_UP_CARDS)
    exports.register("checkins", personal.export_check_ins)
    seeds.introduce(demo.PEOPLE)


CHECKIN = Part(
    api=(routes.blp,),
    pages=(),
    commands=(checkin_cli,),
    seeds=(("签到 · check-ins", demo.seed),),
    connect=connect,
)
