"""A shop to be measured: its servers, its database, its people, all temporary."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests
from flask import Flask

from app import create_app
from miniprogram_api.auth import revocation
from miniprogram_api.core.db import db
from miniprogram_api.demo.tether import tethered
from tests.services import postgres, valkey

ROOT = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite", "postgresql")
START_SECONDS = 30.0
TICKS = os.sysconf("SC_CLK_TCK")
SETTINGS: dict[str, str] = {
    "ENVIRONMENT": "test",
    "SECRET_KEYS": "a signing key that only the benchmarks know, 1",
    "FIELD_KEYS": "b1:QmVuY2htYXJrc0JlbmNobWFya3NCZW5jaG1hcmtzMDE=",
    "INDEX_KEY": "SW5kZXhJbmRleEluZGV4SW5kZXhJbmRleEluZGV4MDE=",
    "WX_APPID": "wx0000000000000001",
    "WX_SECRET": "the app secret of the benchmarks",
    # The pace is kept, so that it costs what it costs, but nobody reaches it.
    "CLAIM_INTERVAL_SECONDS": "0.00001",
    "CLAIM_BURST": "1000000",
    "MEMBER_POSTS_PER_SECOND": "100000",
    "MEMBER_POSTS_BURST": "1000000",
}


@dataclass(frozen=True)
class Server:
    """How gunicorn is to serve; empty values leave what `gunicorn.conf.py` says."""

    worker_class: str = ""
    workers: int = 2
    threads: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        """The command line that serves `benchmarks.served`."""
        command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
        command += ["--max-requests", "0"]  # a worker that restarts amid a round is another measure
        command += ["--keep-alive", "60"]  # nor is one that idles while others have their turn
        command += ["--workers", str(self.workers)]
        if self.worker_class:
            command += ["--worker-class", self.worker_class]
        if self.threads:
            command += ["--threads", str(self.threads)]
        return [*command, "benchmarks.served:create()"]


@dataclass(frozen=True)
class Shop:
    """The application, in this process, on the same database and Redis as the server's."""

    app: Flask
    instance: Path
    settings: dict[str, str]

    @contextlib.contextmanager
    def serving(self, server: Server) -> Iterator["Serving"]:
        """Serve it for the length of the block."""
        db.session.rollback()  # what this process has read pins nothing while the server works
        port = valkey.free_port()
        environment = {
            **os.environ,
            **self.settings,
            **server.environment,
            "MALL_INSTANCE": str(self.instance),
            "MALL_PORT": str(port),
            "PROMETHEUS_MULTIPROC_DIR": str(self.instance / "metrics"),
        }
        log = self.instance / "gunicorn.log"
        with log.open("ab") as lines:
            process = subprocess.Popen(
                tethered(server.command()), cwd=ROOT, env=environment, stdout=lines, stderr=lines
            )
        try:
            _wait_until_it_serves(process, port, log)
            yield Serving(port, process.pid)
        finally:
            process.terminate()
            process.wait(15)


@dataclass(frozen=True)
class Serving:
    """A gunicorn at work."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """The processor time that its workers have used; 0 where the kernel does not tell."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        if not children.exists():
            return 0.0
        return sum(_cpu_ticks(pid) for pid in children.read_text().split()) / TICKS


def _cpu_ticks(pid: str) -> int:
    facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(facts[11]) + int(facts[12])


@contextlib.contextmanager
def opened(database: str) -> Iterator[Shop]:
    """A shop with tables and nobody in it, on a database that keeps what it acknowledged."""
    folder = Path(tempfile.mkdtemp(prefix="mb"))
    try:
        with valkey.running() as redis_server, _database(database, folder) as url:
            settings = {**SETTINGS, "DATABASE_URL": url, "REDIS_URL": redis_server.url}
            os.environ["MALL_INSTANCE"] = str(folder)
            app = create_app(dict(settings))
            with app.app_context():
                db.create_all()
                yield Shop(app, folder, settings)
                revocation.stop(app)
                db.session.remove()
                db.engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _database(database: str, folder: Path) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{folder / 'mall.db'}"
        return
    with postgres.own_server(durable=True) as server:
        yield server.create_database()


def _wait_until_it_serves(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok:
                return
        time.sleep(0.05)
    raise RuntimeError(f"gunicorn did not start: {log.read_text(errors='replace')[-2000:]}")
