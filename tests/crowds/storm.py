"""Many requests over a number of connections that stay open: as fast as a phone network brings them."""

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

READ_SECONDS = 30.0


@dataclass(frozen=True)
class Shot:
    """A POST under a key."""

    path: str
    token: str
    key: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Hit:
    """What a shot was answered."""

    shot: Shot
    status: int
    body: dict[str, Any]
    is_replay: bool
    seconds: float

    @property
    def word(self) -> str:
        """The code of a refusal; `won`, or `repeated` for the first answer again."""
        if self.status == 201:
            return "repeated" if self.is_replay else "won"
        return str(self.body.get("code", self.status))


class Wire:
    """One connection. A request that meets a closed one is sent again, under its own key."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._held = b""

    def send(self, shot: Shot) -> Hit:
        began = time.monotonic()
        for _ in range(3):
            try:
                return self.once(shot, began)
            except ConnectionError:
                self.close()
        raise ConnectionError("the shop closes every connection")

    def once(self, shot: Shot, began: float) -> Hit:
        """Ask a single time, whatever comes of it."""
        status, head, body = self._ask(_spelt(shot))
        took = time.monotonic() - began
        replayed = b"idempotency-replayed: true" in head.lower()
        return Hit(shot, status, _read(status, body), replayed, took)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._held = None, b""

    def _ask(self, request: bytes) -> tuple[int, bytes, bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), READ_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        while b"\r\n\r\n" not in self._held:
            self._read(self._socket)
        head, _, rest = self._held.partition(b"\r\n\r\n")
        length = _length(head)
        self._held = rest
        while len(self._held) < length:
            self._read(self._socket)
        body, self._held = self._held[:length], self._held[length:]
        if b"connection: close" in head.lower():
            self.close()
        return int(head.split(maxsplit=2)[1]), head, body

    def _read(self, wire: socket.socket) -> None:
        some = wire.recv(65536)
        if not some:
            raise ConnectionError("closed")
        self._held += some


def storm(
    port: int,
    shots: Sequence[Shot],
    connections: int = 64,
    connect: Callable[[int], Wire] = Wire,
) -> list[Hit]:
    """Fire all shots in their order, as many at a time as there are connections."""
    waiting: queue.SimpleQueue[Shot] = queue.SimpleQueue()
    for shot in shots:
        waiting.put(shot)
    start = threading.Barrier(connections)

    def fire() -> list[Hit]:
        wire, hits = connect(port), []
        start.wait()
        with contextlib.suppress(queue.Empty):
            while True:
                hits.append(wire.send(waiting.get_nowait()))
        wire.close()
        return hits

    with ThreadPoolExecutor(connections) as pool:
        wires = [pool.submit(fire) for _ in range(connections)]
        return [hit for wire in wires for hit in wire.result()]


def _spelt(shot: Shot) -> bytes:
    body = json.dumps(shot.body).encode()
    lines = (
        f"POST {shot.path} HTTP/1.1",
        "Host: shop.test",
        f"Authorization: Bearer {shot.token}",
        f"Idempotency-Key: {shot.key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _read(status: int, body: bytes) -> dict[str, Any]:
    """What was answered; an answer that is not ours is told in its own words."""
    try:
        return dict(json.loads(body or b"{}"))
    except ValueError:
        return {"code": f"no JSON with {status}", "text": body[:300].decode(errors="replace")}


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
