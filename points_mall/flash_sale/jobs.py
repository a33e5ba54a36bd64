"""What flash sales do by the calendar."""

from datetime import timedelta

from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from . import preparing

_log = log(__name__)


@scheduled("flash_sale.load_ahead", every=timedelta(minutes=1))
def load_ahead(_payload: Payload) -> None:
    """Have every sale in Redis before it opens."""
    if count := preparing.load_ahead():
        _log.info("flash_sale_pools_loaded", pools=count)


@scheduled("flash_sale.settle", every=timedelta(minutes=1))
def settle(_payload: Payload) -> None:
    """Close the books of sales that are over; take those of yesterday out of Redis."""
    settled, unloaded = preparing.settle(), preparing.unload_old()
    if settled or unloaded:
        _log.info("flash_sales_settled", sales=settled, pools_unloaded=unloaded)
