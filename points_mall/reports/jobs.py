"""When the rollups are kept."""

from datetime import timedelta

from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from . import services


@scheduled("reports.follow", every=timedelta(minutes=1))
def follow(_payload: Payload) -> None:
    """Count the ledger's new entries and new purchases; in a new shop its first members at once."""
    services.follow()
    if not services.members_are_counted():
        services.recount_all()


@scheduled("reports.recount", every=timedelta(minutes=10))
def recount_recent(_payload: Payload) -> None:
    """Count members who joined or left of late, and when members were last active."""
    services.recount_recent()


@scheduled("reports.recount_all", cron="40 3 * * *")
def recount_all(_payload: Payload) -> None:
    """At night: count the members of all days."""
    services.recount_all()
