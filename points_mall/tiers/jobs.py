"""What tiers do by the calendar."""

from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from .requalifying import requalify

_log = log(__name__)


@scheduled("tiers.requalify", cron="20 0 * * *")
def requalify_all(_payload: Payload) -> None:
    """Soon after the shop's midnight, when tiers are held or not: judge every member."""
    _log.info("tiers_requalified", **vars(requalify()))
