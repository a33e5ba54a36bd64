"""The process that runs jobs: dramatiq's worker threads, and beside them the periodic sweep.

While the broker is away the sweeping thread runs what is due straight from the table, one job after
the other: slower, but nothing stands still.
"""

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

import dramatiq
import redis
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.errors import Unavailable
from miniprogram_api.core.log import log
from miniprogram_api.core.settings import settings

from . import engine
from .carrier import carrier
from .rules import told
from .sweep import sweep

IDLE_MILLISECONDS = 250
"""How long an idle thread of dramatiq sleeps before it asks the broker again."""

POLL_SECONDS = 0.05

JOBS_BETWEEN_SWEEPS = 50

QUIET_SECONDS = 0.5
"""So long without a job, and a stopping worker believes that none is under way."""

FAREWELL_SECONDS = 1.0
"""How long a stopping worker tries to tell the broker what became of its messages."""

_log = log(__name__)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; only the main thread may ask for it."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping


def work(app: Flask, stopping: threading.Event, threads: int) -> None:
    """Run jobs until `stopping` is set, then finish those that are under way."""
    with app.app_context():
        broker, every = carrier().broker, settings().worker_sweep_seconds
        patience_seconds = settings().worker_stop_seconds
    worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=IDLE_MILLISECONDS)
    worker.start()
    stopped = threading.Event()
    leases = threading.Thread(target=_keep_leases, args=(app, stopped, every), daemon=True)
    leases.start()
    _log.info("worker_started", threads=threads)
    while not stopping.is_set():
        if not look_after(app, stopping):
            stopping.wait(every)
    _log.info("worker_stopping")
    _stop(worker, patience_seconds)
    stopped.set()
    leases.join()
    _log.info("worker_stopped")


def look_after(app: Flask, stopping: threading.Event) -> bool:
    """Sweep, and run jobs ourselves while the broker is away; tells whether more may be due."""
    return bool(_shielded(app, lambda: not sweep() and _run_some(stopping)))


def _run_some(stopping: threading.Event) -> bool:
    count = 0
    while count < JOBS_BETWEEN_SWEEPS and not stopping.is_set() and engine.run_next():
        count += 1
    return count == JOBS_BETWEEN_SWEEPS


def _keep_leases(app: Flask, stopped: threading.Event, every_seconds: float) -> None:
    while not stopped.wait(every_seconds):
        _shielded(app, engine.extend_leases)


def _shielded(app: Flask, act: Callable[[], object]) -> object:
    """Act in a fresh context; a database that is away now is asked again at the next turn."""
    with app.app_context():
        try:
            return act()
        except (sa.exc.SQLAlchemyError, Unavailable) as error:
            _log.warning("worker_database_away", error=told(error))
            return None


def _stop(worker: dramatiq.Worker, patience_seconds: float) -> None:
    for thread in worker.workers:
        thread.stop()
    _wait_for_jobs(worker, patience_seconds)
    try:
        worker.stop(timeout=round(FAREWELL_SECONDS * 1000))
    except redis.RedisError as error:
        # What the worker held in memory could not be given back: the sweep brings it again.
        _log.warning("broker_away", error=type(error).__name__)


def _wait_for_jobs(worker: dramatiq.Worker, patience_seconds: float) -> None:
    """Wait for the jobs under way, not for threads that do nothing more than acknowledge.

    Those try for as long as the broker is away; the row already knows how its job ended.
    """
    began = quiet_since = time.monotonic()
    while any(thread.is_alive() for thread in worker.workers):
        moment = time.monotonic()
        if engine.is_busy():
            quiet_since = moment
        if moment - began > patience_seconds or moment - quiet_since > QUIET_SECONDS:
            return
        time.sleep(POLL_SECONDS)
