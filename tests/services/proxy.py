"""A wire that can be cut: a TCP proxy on loopback between a client and a server of ours.

Its fault is set, changed and cleared while connections are open; `fired` counts how often it did
something, because a fault that did nothing proves nothing. It runs in a thread of its own.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass

CHUNK = 65536


@dataclass(frozen=True)
class Fault:
    """What the wire does to whoever uses it.

    :param latency_seconds: every chunk is late by that much, give or take `jitter_seconds`.
    :param down: nobody is let in.
    :param blackhole: nothing arrives any more, and nobody is told.
    :param reset: the connection breaks before the next request arrives.
    :param drop_reply: the request arrives, the connection breaks before its answer does.
    :param limit_bytes: the connection breaks after so many bytes of an answer.
    :param slice_bytes: everything arrives in pieces of that size.
    :param at: `reset` and `drop_reply` wait for a request that contains this.
    :param once: the fault is over when it has fired.
    """

    latency_seconds: float = 0.0
    jitter_seconds: float = 0.0
    down: bool = False
    blackhole: bool = False
    reset: bool = False
    drop_reply: bool = False
    limit_bytes: int | None = None
    slice_bytes: int = CHUNK
    at: bytes = b""
    once: bool = False


NONE = Fault()


class Proxy:
    """Listens on `port` and passes everything on to `upstream_port`, as far as its fault allows."""

    def __init__(self, upstream_port: int) -> None:
        self.upstream_port = upstream_port
        self.port = 0
        self.fault = NONE
        self.fired = 0
        self.stopping = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()

    def cut(self) -> None:
        """Break every open connection at once."""
        self._loop.call_soon_threadsafe(self._break, *list(self._writers))

    def fire(self) -> None:
        """The fault has done something."""
        self.fired += 1
        if self.fault.once:
            self.fault = NONE

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a client in."""
        task = self._loop.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, until either side ends it or the fault does."""
        if self.fault.down:
            self.fire()
            self._break(writer)
            return
        try:
            up = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        except OSError:
            self._break(writer)
            return
        link = _Link(self, (reader, writer), up)
        self._writers |= {writer, up[1]}
        try:
            async with asyncio.TaskGroup() as both_ways:
                both_ways.create_task(link.pass_requests())
                both_ways.create_task(link.pass_replies())
        except* _Broken:
            self._break(writer, up[1])
        finally:
            self._writers -= {writer, up[1]}
            for end in (writer, up[1]):
                end.close()

    @staticmethod
    def _break(*writers: asyncio.StreamWriter) -> None:
        """End connections with a reset instead of a goodbye."""
        for writer in writers:
            wire: socket.socket = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def run(self, started: threading.Event) -> None:
        """The thread: listen until told to stop."""
        self._loop.run_until_complete(self._listen(started))
        self._loop.close()

    async def _listen(self, started: threading.Event) -> None:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self.stopping.wait()
        server.close()
        self._break(*self._writers)
        await asyncio.gather(*self._serving)

    def stop(self) -> None:
        """Ask the thread to end."""
        self._loop.call_soon_threadsafe(self.stopping.set)


class _Broken(Exception):
    """The fault broke the connection."""


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One connection: what the client says goes up, what the server answers comes down."""

    def __init__(self, proxy: Proxy, client: _Ends, server: _Ends) -> None:
        self.proxy = proxy
        self.client_reader, self.client_writer = client
        self.server_reader, self.server_writer = server
        self.loses_reply = False
        self.replied_bytes = 0

    async def pass_requests(self) -> None:
        while data := await self._read(self.client_reader):
            fault = self.proxy.fault
            if fault.reset and fault.at in data:
                self.proxy.fire()
                raise _Broken
            self.loses_reply = fault.drop_reply and fault.at in data
            await self._pass(data, self.server_writer)
        self.server_writer.close()

    async def pass_replies(self) -> None:
        while data := await self._read(self.server_reader):
            limit = self.proxy.fault.limit_bytes
            self.replied_bytes += len(data)
            if limit is not None and self.replied_bytes > limit:
                self.proxy.fire()
                await self._pass(data[: limit - self.replied_bytes], self.client_writer)
                raise _Broken
            if self.loses_reply:
                self.proxy.fire()
                raise _Broken
            await self._pass(data, self.client_writer)
        self.client_writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read(CHUNK)
        except OSError:
            return b""

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        fault = self.proxy.fault
        if fault.blackhole:
            self.proxy.fire()
            await self.proxy.stopping.wait()
        if fault.latency_seconds:
            self.proxy.fire()
            late = random.uniform(-fault.jitter_seconds, fault.jitter_seconds)
            await asyncio.sleep(max(0, fault.latency_seconds + late))
        if len(data) > fault.slice_bytes:
            self.proxy.fire()
        with contextlib.suppress(OSError):
            for start in range(0, len(data), fault.slice_bytes):
                writer.write(data[start : start + fault.slice_bytes])
                await writer.drain()


@contextlib.contextmanager
def running(upstream_port: int) -> Iterator[Proxy]:
    """A proxy that is gone with the block, and its connections with it."""
    proxy, started = Proxy(upstream_port), threading.Event()
    thread = threading.Thread(target=proxy.run, args=(started,), daemon=True)
    thread.start()
    assert started.wait(5), "the proxy did not start"
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join(5)
