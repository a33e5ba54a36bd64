"""Valkey servers for tests: one, one that survives a crash, or a cluster."""

import contextlib
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import redis

from miniprogram_api.demo.valkey import FORGETFUL, KEPT, Valkey, start

CLUSTER_SECONDS = 20.0
SLOTS = 16384


@contextlib.contextmanager
def running(*, on_port: bool = False, kept: bool = False) -> Iterator[Valkey]:
    """A fresh server that is gone with the block: on a unix socket, or on a loopback port.

    `kept` writes every change down before it is answered, for tests that kill the server.
    """
    options = (*KEPT[:2], "--appendfsync", "always") if kept else FORGETFUL
    with _folder() as folder:
        if on_port:
            server = start(folder, port=free_port(), options=options)
        else:
            server = start(folder, socket=folder / "s", options=options)
        try:
            yield server
        finally:
            server.kill()


@contextlib.contextmanager
def cluster(masters: int = 3) -> Iterator[str]:
    """A Redis Cluster of `masters` on loopback ports; gives its `redis-cluster://` address."""
    with contextlib.ExitStack() as stack:
        buses = [free_port() for _ in range(masters)]
        nodes = [stack.enter_context(_cluster_node(bus)) for bus in buses]
        clients = [stack.enter_context(node.client()) for node in nodes]
        for index, client in enumerate(clients):
            first, last = SLOTS * index // masters, SLOTS * (index + 1) // masters - 1
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            # Epochs must differ from the start, or the nodes quarrel over them first.
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", index + 1)
        for node, bus in zip(nodes[1:], buses[1:], strict=True):
            clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", _port(node), bus)
        _wait_for_cluster(clients)
        yield f"redis-cluster://127.0.0.1:{_port(nodes[0])}"


def free_port() -> int:
    """A loopback port that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _cluster_node(bus: int) -> Iterator[Valkey]:
    # The bus has a port of its own choice: the default, 10,000 above, may be past the last one.
    options = (*FORGETFUL, "--cluster-enabled", "yes", "--cluster-port", str(bus))
    with _folder() as folder:
        server = start(folder, port=free_port(), options=options)
        try:
            yield server
        finally:
            server.kill()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    # Short: a unix socket's path has little room.
    folder = Path(tempfile.mkdtemp(prefix="vk"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _port(node: Valkey) -> int:
    return int(node.url.rsplit(":", 1)[1])


def _wait_for_cluster(clients: list[redis.Redis]) -> None:
    deadline = time.monotonic() + CLUSTER_SECONDS
    while time.monotonic() < deadline:
        states = [bytes(client.execute_command("CLUSTER", "INFO")) for client in clients]
        known = f"cluster_known_nodes:{len(clients)}\r".encode()
        if all(b"cluster_state:ok" in state and known in state for state in states):
            return
        time.sleep(0.05)
    raise TimeoutError("the cluster did not form")
