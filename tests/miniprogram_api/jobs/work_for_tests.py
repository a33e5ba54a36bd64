"""Jobs that the tests enqueue, and a worker process that runs them."""

import os
import sys
import threading
import time
from pathlib import Path

from app import create_app
from miniprogram_api.core.db import transaction
from miniprogram_api.jobs.outbox import enqueue
from miniprogram_api.jobs.registry import Payload, job
from miniprogram_api.jobs.rules import Patience
from miniprogram_api.jobs.worker import stop_on_signals, work

done: list[int] = []
_lock = threading.Lock()


@job("test.note")
def note(payload: Payload) -> None:
    with _lock:
        done.append(payload["number"])


@job("test.poison")
def poison(_payload: Payload) -> None:
    raise ValueError("no member has the phone 13800138000")


@job("test.impatient", patience=Patience(attempts=1))
def impatient(_payload: Payload) -> None:
    raise ValueError("once is enough")


@job("test.effect")
def effect(_payload: Payload) -> None:
    """What a job leaves behind; the row itself is the trace."""


@job("test.slow")
def slow(payload: Payload) -> None:
    """Has its effect, says so, then hangs for as long as the file `hang` is there."""
    folder = Path(payload["folder"])
    with transaction():
        enqueue("test.effect", {}, key=payload["reference"])
    with (folder / "attempts").open("a") as attempts:
        attempts.write(f"{os.getpid()}\n")
    while (folder / "hang").exists():
        time.sleep(0.02)


if __name__ == "__main__":
    overrides: dict[str, object] = {"WORKER_SWEEP_SECONDS": 0.2, "JOB_LEASE_SECONDS": 2}
    application = create_app(overrides)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    work(application, stop_on_signals(), threads=2)
