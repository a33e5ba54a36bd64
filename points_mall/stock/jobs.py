"""What stock does by the calendar."""

from datetime import timedelta

from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from . import blocking, drift, preparing, sweeping

_log = log(__name__)


@scheduled("stock.load_ahead", every=timedelta(minutes=1))
def load_ahead(_payload: Payload) -> None:
    """Have every pool in Redis before it opens."""
    if count := preparing.load_ahead():
        _log.info("pools_loaded", pools=count)


@scheduled("stock.unload_old", every=timedelta(minutes=10))
def unload_old(_payload: Payload) -> None:
    """Take pools out of Redis that were over some time ago."""
    if count := preparing.unload_old():
        _log.info("pools_unloaded", pools=count)


@scheduled("stock.sweep", every=timedelta(minutes=1))
def sweep(_payload: Payload) -> None:
    """Give back what a crash left taken."""
    if count := sweeping.sweep_all():
        _log.warning("units_swept", orders=count)


@scheduled("stock.reconcile", every=timedelta(minutes=1))
def reconcile(_payload: Payload) -> None:
    """Load Redis again where it differs from the database."""
    if codes := sweeping.reconcile_all():
        _log.warning("pools_reconciled", pools=codes)
        drift.note(codes)


@scheduled("stock.copy_blocked", every=timedelta(minutes=1))
def copy_blocked(_payload: Payload) -> None:
    """Let loaded pools know of blocks that ended by themselves, or that Redis was away for."""
    if count := blocking.copy_blocked():
        _log.info("blocks_copied", pools=count)
