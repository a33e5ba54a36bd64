"""What the ledger does by the calendar."""

from datetime import timedelta

from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from . import notices, services


@scheduled("points.expire", cron="5 0 * * *")
def expire_points(_payload: Payload) -> None:
    """Soon after the shop's midnight: take what has expired."""
    services.expire_points()


@scheduled("points.mature", every=timedelta(minutes=10))
def mature_earnings(_payload: Payload) -> None:
    """Let earnings count that have waited long enough."""
    services.mature_earnings()


@scheduled("points.release_holds", every=timedelta(minutes=1))
def release_holds(_payload: Payload) -> None:
    """Give back what expired holds set aside."""
    services.release_holds()


@scheduled("points.announce_expiring", cron="0 10 * * *")
def announce_expiring(_payload: Payload) -> None:
    """In the morning: tell members what is about to expire."""
    notices.announce_expiring()
