"""What the lottery does by the clock: promise tomorrow's seeds, publish yesterday's."""

from datetime import timedelta

from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from . import periods

_log = log(__name__)


@scheduled("lottery.promise", every=timedelta(hours=1))
def promise(_payload: Payload) -> None:
    """Promise the seeds of today and tomorrow for every wheel that will be drawn."""
    _log.info("seeds_promised", wheels=periods.promise_ahead())


@scheduled("lottery.reveal", every=timedelta(minutes=10))
def reveal(_payload: Payload) -> None:
    """Publish the seeds of the days that are over."""
    _log.info("days_published", count=periods.reveal_due())
