"""The lucky wheel, put together."""

from miniprogram_api.members import exports
from miniprogram_api.part import Part
from points_mall.grants import kinds as grant_kinds

from . import demo, door, merchant_pages, pages, personal, routes
from . import jobs as _jobs  # noqa: F401 - registers its work
from . import merchant_tabs as _tabs  # noqa: F401 - joins the member's page
from .chances import DRAW_CHANCES
from .cli import lottery_cli


def connect() -> None:
    """Join what lies below."""
    grant_kinds.register(DRAW_CHANCES)
    exports.register("lottery", personal.export_lottery)


LOTTERY = Part(
    api=(routes.wheels, routes.draws),
    pages=(pages.blp, merchant_pages.blp),
    commands=(lottery_cli,),
    seeds=(("幸运抽奖 · lucky draws", demo.seed),),
    connect=connect,
    entrances=(door.ENTRANCE,),
)
