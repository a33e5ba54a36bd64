"""What check-in does by the calendar."""

from datetime import timedelta

from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from .reminders import remind_all

_log = log(__name__)


@scheduled("checkin.reminders", every=timedelta(minutes=10))
def remind(_payload: Payload) -> None:
    """Remind those who asked and have not come yet."""
    _log.info("checkin_reminders", count=remind_all())
