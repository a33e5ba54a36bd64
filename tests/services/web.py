"""The shop served by gunicorn, as in production, on a loopback port of its own."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from miniprogram_api.demo.tether import tethered

from .valkey import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 10.0


@dataclass
class Web:
    """A running gunicorn that we started."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def is_up(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """The processes that answer requests, by id."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def stop(self) -> None:
        """End it and all that it started."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def running(
    folder: Path,
    settings: Mapping[str, object],
    *,
    workers: int = 2,
    threads: int = 16,
    application: str = "",
) -> Iterator[Web]:
    """Gunicorn with these settings (by UPPER-CASE name), gone with the block; its log is in `folder`.

    :param application: what it serves instead of the shop, as gunicorn names it.
    """
    port, log = free_port(), folder / "web.log"
    names = {"MALL_BIND": f"127.0.0.1:{port}", "MALL_INSTANCE": str(folder / "web-instance")}
    names |= {"WEB_WORKERS": str(workers), "WEB_THREADS": str(threads)}
    given = {name: str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    command += [application] if application else []
    with log.open("ab") as lines:
        process = subprocess.Popen(
            tethered(command),
            cwd=ROOT,
            env={**os.environ, **names, **given},
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=lines,
            process_group=0,
        )
    web = Web(process, port, log)
    try:
        _wait_for(web)
        yield web
    finally:
        web.stop()


def _wait_for(web: Web) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and web.process.poll() is None:
        if web.is_up():
            return
        time.sleep(0.05)
    raise TimeoutError(f"gunicorn did not come up: {web.log.read_text()[-2000:]}")
