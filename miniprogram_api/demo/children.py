"""The programs that the demo runs: started tethered, watched, restarted, stopped in order."""

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .tether import tethered

RESTARTS, WITHIN_SECONDS = 5, 60.0
LOG_BYTES = 10 * 1024 * 1024
POLL_SECONDS = 0.05

Process = subprocess.Popen[bytes]


class GivenUp(Exception):
    """A child died more often than is worth another try."""


class Child:
    """One program and its process, which may change with a restart."""

    def __init__(self, name: str, launch: Callable[[], Process], log: Path) -> None:
        self.name = name
        self.log = log
        self._launch = launch
        self._process: Process | None = None
        self._starts: deque[float] = deque(maxlen=RESTARTS + 1)

    def start(self) -> None:
        """Start it, unless it started too often lately.

        :raises GivenUp: it did.
        """
        now = time.monotonic()
        often = len(self._starts) == self._starts.maxlen
        if often and now - self._starts[0] < WITHIN_SECONDS:
            raise GivenUp(self.name)
        self._starts.append(now)
        self.send(signal.SIGKILL)  # what the last one left behind may still hold its port
        self._process = self._launch()

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it runs."""
        return None if self._process is None else self._process.poll()

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal: to the program, or with SIGKILL to all that it started too."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(self._process.pid, number)
            elif self._process.poll() is None:
                self._process.send_signal(number)

    def last_words(self) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def program(
    name: str,
    command: Sequence[str],
    logs: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Child:
    """A child that is a command line, in a process group of its own; what it says goes to a log.

    It runs in `folder`, else where we do; its environment is ours and `environment`.
    """
    log = logs / f"{name}.log"

    def launch() -> Process:
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as lines:
            return subprocess.Popen(
                tethered(command),
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=lines,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                process_group=0,
            )

    return Child(name, launch, log)


def stop(children: Sequence[Child], seconds: float, in_a_hurry: Callable[[], bool]) -> None:
    """Ask all of them to end, wait for `seconds` or until there is a hurry, then end them by force.

    Whatever a child started and left behind ends with it.
    """
    for child in children:
        child.send(signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while any(child.is_running for child in children):
        if time.monotonic() > deadline or in_a_hurry():
            break
        time.sleep(POLL_SECONDS)
    for child in children:
        child.send(signal.SIGKILL)
    while any(child.is_running for child in children):
        time.sleep(POLL_SECONDS)
