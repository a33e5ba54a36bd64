"""What drops do by the calendar; that their pools are loaded, swept and unloaded is the stock's work."""

from datetime import timedelta

from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from . import plans

_log = log(__name__)


@scheduled("coupon_drops.make_ahead", every=timedelta(minutes=1))
def make_ahead(_payload: Payload) -> None:
    """See that every plan has its next drops."""
    if count := plans.make_ahead():
        _log.info("coupon_drops_made", drops=count)
