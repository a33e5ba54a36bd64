"""What the counter does by the calendar."""

from datetime import timedelta

from miniprogram_api.core.clock import now
from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from . import quotes, scans

QUOTES_KEPT, SCANS_KEPT = timedelta(days=1), timedelta(days=2)
"""Quotes name their scan, so they go first."""

_log = log(__name__)


@scheduled("cashier.forget", every=timedelta(hours=1))
def forget(_payload: Payload) -> None:
    """Delete quotes and scans that served no sale and never will."""
    moment = now()
    gone = quotes.forget_before(moment - QUOTES_KEPT), scans.forget_before(moment - SCANS_KEPT)
    if any(gone):
        _log.info("quotes_and_scans_forgotten", quotes=gone[0], scans=gone[1])
