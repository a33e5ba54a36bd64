"""What purchases do by the calendar, and as soon as a notice is stored."""

from datetime import UTC, datetime, timedelta
from time import sleep

from miniprogram_api.core.clock import now
from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload, job
from miniprogram_api.jobs.schedule import scheduled

from . import draining
from .inbox import DRAIN

POLL_SECONDS = 0.05
"""How often the job looks again while notices may still come in its second."""

GRACE = timedelta(seconds=0.25)
"""So long after its second the job still looks: a notice stored at its very end commits later."""

MOST_POLLS = 40
"""It does not wait for a second that never ends, as where a clock stands still."""

_log = log(__name__)


@job(DRAIN)
def drain_inbox(payload: Payload) -> None:
    """Apply what is stored until the second in which the job was written is over.

    Notices stored later in that second write no job of their own.
    """
    until = datetime.fromtimestamp(int(payload["second"]) + 1, UTC) + GRACE
    for _ in range(MOST_POLLS):
        is_over = now() >= until
        draining.drain()
        if is_over:
            return
        sleep(POLL_SECONDS)


@scheduled("purchases.drain_left_over", every=timedelta(seconds=10))
def drain_left_over(_payload: Payload) -> None:
    """Apply what a job that died has left in the inbox."""
    if count := draining.drain():
        _log.info("notices_left_over", count=count)


@scheduled("purchases.try_again", every=timedelta(minutes=10))
def try_again(_payload: Payload) -> None:
    """Try notices again that could not be applied yet."""
    if count := draining.try_again():
        _log.info("notices_tried_again", count=count)
        draining.drain()


@scheduled("purchases.forget_notices", cron="50 3 * * *")
def forget_notices(_payload: Payload) -> None:
    """In the small hours: delete notices that were settled long ago, batch by batch."""
    while draining.forget_settled():
        pass
