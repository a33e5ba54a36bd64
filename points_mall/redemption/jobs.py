"""What orders do by the calendar."""

from datetime import timedelta

from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from . import services

_log = log(__name__)


@scheduled("redemption.release_unpaid", every=timedelta(minutes=1))
def release_unpaid(_payload: Payload) -> None:
    """Let go of orders whose cash half was not paid in time."""
    if count := services.release_unpaid():
        _log.info("unpaid_orders_released", count=count)


@scheduled("redemption.receive_shipped", cron="20 3 * * *")
def receive_shipped(_payload: Payload) -> None:
    """Count parcels as received that were sent long ago."""
    if count := services.receive_shipped():
        _log.info("parcels_received", count=count)
