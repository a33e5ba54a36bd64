"""A Redis that keeps a file, behind a wire, and what can happen to it. Its address never changes."""

import contextlib
import itertools
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import redis

from miniprogram_api.demo.valkey import KEPT, Valkey, start
from tests.services import proxy
from tests.services.proxy import NONE, Fault, Proxy
from tests.services.valkey import free_port

OPTIONS = (*KEPT, "--repl-diskless-sync-delay", "0")
SYNC_SECONDS = 10.0


class Store:
    """The primary, at times a replica, and the wire through which the shop reaches the one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = itertools.count(1)
        self._home, self._port, self.server = self._boot()
        self._replica: tuple[Path, int, Valkey] | None = None
        self.wire: Proxy

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.wire.port}"

    @property
    def port(self) -> int:
        """Where the primary listens."""
        return self._port

    def client(self) -> redis.Redis:
        """Straight to the primary, whatever is wrong with the wire."""
        return self.server.client()

    # ---------------------------------------------------------------- killed; its file cut

    def bytes_on_disk(self) -> int:
        """How long its append-only file is now."""
        return self._file().stat().st_size

    def restart_without(self, since: int) -> int:
        """Kill it, and start it on what its file held at that length; how many bytes that lost."""
        self.server.kill()
        lost = self.bytes_on_disk() - since
        with self._file().open("r+b") as file:
            file.truncate(since)
        self.server = start(self._home, port=self._port, options=OPTIONS)
        self.wire.cut()
        self._wait_until_loaded()
        return lost

    def _wait_until_loaded(self) -> None:
        """It answers some questions while it still reads its file; the shop hears LOADING then."""
        deadline = time.monotonic() + SYNC_SECONDS
        with self.client() as client:
            while client.info("persistence")["loading"]:
                assert time.monotonic() < deadline, "the file is never read"
                time.sleep(0.005)

    def _file(self) -> Path:
        """What was appended since the last rewrite; there is none in a run as short as ours."""
        [file] = (self._home / "appendonlydir").glob("*.incr.aof")
        return file

    # ---------------------------------------------------------------- failed over

    def follow(self) -> None:
        """Start a replica and wait until it has everything."""
        self.dismiss_replica()
        home, port, replica = self._boot("--replicaof", f"127.0.0.1 {self._port}")
        self._replica = (home, port, replica)
        deadline = time.monotonic() + SYNC_SECONDS
        with replica.client() as client:
            while client.info("replication")["master_link_status"] != "up":
                assert time.monotonic() < deadline, "the replica never synced"
                time.sleep(0.01)

    def freeze_replica(self) -> None:
        """From now on the replica hears nothing more from the primary."""
        assert self._replica is not None
        with self._replica[2].client() as client:
            assert client.info("replication")["master_link_status"] == "up"
            client.execute_command("REPLICAOF", "NO", "ONE")

    def promote(self) -> None:
        """The primary dies; the replica, as far as it got, is the primary now."""
        assert self._replica is not None
        self.server.kill()
        (self._home, self._port, self.server), self._replica = self._replica, None
        self.wire.upstream_port = self._port
        self.wire.cut()

    def dismiss_replica(self) -> None:
        """End the replica, if there is one that was not promoted."""
        if self._replica is not None:
            self._replica[2].kill()
            self._replica = None

    # ---------------------------------------------------------------- out of reach

    def go_away(self, fault: Fault, seconds: float) -> None:
        """Be out of the shop's reach for a while."""
        self.wire.fault = fault
        self.wire.cut()
        time.sleep(seconds)
        self.wire.fault = NONE
        self.wire.cut()

    def _boot(self, *more: str) -> tuple[Path, int, Valkey]:
        home, port = self._folder / str(next(self._names)), free_port()
        home.mkdir()
        return home, port, start(home, port=port, options=(*OPTIONS, *more))

    def end(self) -> None:
        self.dismiss_replica()
        self.server.kill()


@contextlib.contextmanager
def running() -> Iterator[Store]:
    """A store that is gone with the block."""
    folder = Path(tempfile.mkdtemp(prefix="vk"))
    store = Store(folder)
    try:
        with proxy.running(store.port) as store.wire:
            yield store
    finally:
        store.end()
        shutil.rmtree(folder, ignore_errors=True)
