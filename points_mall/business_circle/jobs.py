"""What the business circle does later, and by the calendar."""

from datetime import timedelta

from miniprogram_api.core.log import log
from miniprogram_api.core.settings import settings
from miniprogram_api.jobs.registry import Payload, job
from miniprogram_api.jobs.schedule import scheduled

from . import authorizing, parked, syncing
from . import hearing as _hearing  # noqa: F401 - registers who applies WeChat's notices

_log = log(__name__)


@job(syncing.SYNC)
def tell_wechat(_payload: Payload) -> None:
    """Tell WeChat what purchases earned."""
    syncing.tell_due()


@job(parked.CLAIM)
def claim_parked(payload: Payload) -> None:
    """Give a new member the purchases of the days before."""
    parked.claim(int(payload["member_id"]))


@scheduled("circle.sync_left_over", every=timedelta(minutes=1))
def tell_left_over(_payload: Payload) -> None:
    """Tell WeChat what it did not take the first time, or what a job that died has left."""
    if settings().business_circle_enabled and (count := syncing.tell_due()):
        _log.info("circle_syncs_left_over", count=count)


@scheduled("circle.claim_left_over", cron="40 * * * *")
def claim_left_over(_payload: Payload) -> None:
    """Give members the purchases that came while they enrolled."""
    if settings().business_circle_enabled and (count := parked.claim()):
        _log.info("circle_purchases_claimed", count=count)


@scheduled("circle.ask", cron="*/10 * * * *")
def ask_wechat(_payload: Payload) -> None:
    """Ask WeChat who still lets the mall see purchases."""
    if settings().business_circle_enabled:
        authorizing.ask_about_due()
