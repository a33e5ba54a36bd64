"""The load: keep-alive connections on raw sockets, in a process of its own.

It must cost little beside what it measures, so an answer is looked at as bytes: its status, and a
mark that the right body holds. Every answer is looked at.
"""

import multiprocessing
import re
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from multiprocessing.connection import Connection

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_HEAD_ENDS = b"\r\n\r\n"
WAIT_SECONDS = 0.05
GIVE_UP_SECONDS = 30.0


@dataclass(frozen=True)
class Traffic:
    """Requests of one kind, and what their answers look like.

    :param heads: requests, each up to where a fresh idempotency key goes.
    :param tail: the rest of each.
    :param once: each head is sent once, and never again in a later round.
    :param status: of a right answer, which holds `mark`; of another in `also`, which is counted
        apart and not as an answer.
    """

    heads: list[bytes]
    tail: bytes
    status: int
    mark: bytes
    once: bool = False
    also: frozenset[int] = frozenset()

    def requests(self) -> Iterator[bytes]:
        """The requests, one after the other, each with a key of its own."""
        started = f"{time.time_ns():x}"
        heads = iter(self.heads) if self.once else cycle(self.heads)
        for number, head in zip(count(), heads, strict=False):
            yield b"%b%b-%d%b" % (head, started.encode(), number, self.tail)


@dataclass
class Round:
    """What came of one round.

    :param answers: right ones, within the round's time.
    :param in_all: right ones, with those that came while the round ran out.
    :param cpu_seconds: what the server's workers used for them.
    :param wrong: what was answered wrongly, the first few.
    """

    answers: int = 0
    in_all: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Right answers a second."""
        return self.answers / self.seconds if self.seconds else 0.0

    @property
    def cpu_ms(self) -> float:
        """Processor time of the server's workers for each answer."""
        return self.cpu_seconds * 1000 / max(1, self.statuses.total())

    def latency(self, share: float) -> float:
        """The time in seconds within which that share of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


@dataclass(frozen=True)
class Order:
    """A round to be run. With `rate`, requests are sent by the clock, so many a second."""

    kind: str
    connections: int
    seconds: float
    rate: float = 0.0


class Load:
    """The process that sends requests; the caller orders rounds of it."""

    def __init__(self, port: int, kinds: dict[str, Traffic]) -> None:
        context = multiprocessing.get_context("spawn")
        self._wire, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(port, kinds, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def run(self, order: Order) -> Round:
        """Run a round and give what came of it."""
        self._wire.send(order)
        done = self._wire.recv()
        assert isinstance(done, Round)
        return done

    def stop(self) -> None:
        """End the process."""
        self._wire.send(None)
        self._process.join(5)


def _work(port: int, kinds: dict[str, Traffic], orders: "Connection[Round, Order | None]") -> None:
    sender = _Sender(port, kinds)
    while (order := orders.recv()) is not None:
        orders.send(sender.run(order))


class _Line:
    """A keep-alive connection with at most one request under way."""

    __slots__ = ("answer", "due", "wire")

    def __init__(self, port: int) -> None:
        self.wire = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire.settimeout(0)
        self.answer = b""
        self.due = 0.0

    def is_open(self) -> bool:
        try:
            return self.wire.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False


class _Sender:
    def __init__(self, port: int, kinds: dict[str, Traffic]) -> None:
        self._port = port
        self._kinds = kinds
        self._requests = {name: traffic.requests() for name, traffic in kinds.items()}
        self._lines: list[_Line] = []

    def run(self, order: Order) -> Round:
        """Send until the time is over, or the requests; then wait for what is under way."""
        self._connect(order.connections)
        return _Running(
            self._kinds[order.kind], self._requests[order.kind], self._lines, order
        ).run()

    def _connect(self, wanted: int) -> None:
        """Keep the connections of the last round, so that rounds in turn run on the same ones."""
        kept = self._lines if len(self._lines) == wanted else []
        for line in self._lines:
            if line not in kept:
                line.wire.close()
        self._lines = [line if line.is_open() else _Line(self._port) for line in kept]
        self._lines += [_Line(self._port) for _ in range(wanted - len(self._lines))]


class _Running:
    """One round, under way."""

    def __init__(
        self, traffic: Traffic, requests: Iterator[bytes], lines: list[_Line], order: Order
    ) -> None:
        self._traffic = traffic
        self._requests = requests
        self._order = order
        self._idle = deque(lines)
        self._busy = {line.wire.fileno(): line for line in lines}
        self._poll = select.epoll(len(lines))
        self._round = Round()
        self._is_over = False
        self._sent = 0
        for number in self._busy:
            self._poll.register(number, select.EPOLLIN)

    def run(self) -> Round:
        self._started = time.perf_counter()
        self._ends = self._started + self._order.seconds
        self._send_due()
        while len(self._idle) < len(self._busy) or not self._is_over:
            for number, _ in self._poll.poll(WAIT_SECONDS if not self._order.rate else 0.001):
                self._receive(self._busy[number])
            self._send_due()
            if time.perf_counter() > self._ends + GIVE_UP_SECONDS:
                self._round.wrong.append(f"no answer on {len(self._busy) - len(self._idle)} lines")
                break
        self._poll.close()
        self._round.seconds = self._round.seconds or time.perf_counter() - self._started
        return self._round

    def _send_due(self) -> None:
        moment = time.perf_counter()
        if moment >= self._ends and not self._is_over:
            self._is_over = True
            self._round.seconds = moment - self._started
        rate = self._order.rate
        while self._idle and not self._is_over:
            due = self._started + self._sent / rate if rate else moment
            if due > moment:
                return
            self._send(due)

    def _send(self, due: float) -> None:
        request = next(self._requests, None)
        if request is None:
            self._is_over = True
            self._round.seconds = time.perf_counter() - self._started
            return
        line = self._idle.popleft()
        line.due, line.answer = due, b""
        line.wire.send(request)
        self._sent += 1

    def _receive(self, line: _Line) -> None:
        try:
            got = line.wire.recv(65536)
        except ConnectionError:
            got = b""
        answer = line.answer = line.answer + got
        if not got:
            self._round.wrong.append("the connection was closed")
            self._is_over = True
            self._idle.append(line)
            self._poll.unregister(line.wire.fileno())
            return
        head = answer.find(_HEAD_ENDS)
        if head < 0:
            return
        length = _LENGTH.search(answer, 0, head)
        has_no_body = answer[9:12] == b"204"
        if has_no_body or (length is not None and len(answer) >= head + 4 + int(length[1])):
            self._judge(line)
            self._idle.append(line)

    def _judge(self, line: _Line) -> None:
        traffic, done = self._traffic, self._round
        status = int(line.answer[9:12])
        done.statuses[status] += 1
        if status == traffic.status and traffic.mark in line.answer:
            done.in_all += 1
            if not self._is_over:
                done.answers += 1
                done.latencies.append(time.perf_counter() - line.due)
        elif status not in traffic.also and len(done.wrong) < 3:
            done.wrong.append(line.answer.decode(errors="replace"))
