"""What flash sales do by the calendar."""

from datetime import timedelta

from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from . import settling

_log = log(__name__)


@scheduled("flash_sale.settle", every=timedelta(minutes=1))
def settle(_payload: Payload) -> None:
    """Close the books of sales that are over."""
    if count := settling.settle():
        _log.info("flash_sales_settled", sales=count)
