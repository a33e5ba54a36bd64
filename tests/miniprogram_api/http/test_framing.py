"""Requests that no client library would send, byte by byte to a real gunicorn."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.valkey import free_port

WAIT_SECONDS = 30


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A gunicorn with our configuration and two workers; nothing here reaches a database."""
    chosen = free_port()
    environment = os.environ | {
        "MALL_INSTANCE": str(tmp_path_factory.mktemp("instance")),
        "MALL_BIND": f"127.0.0.1:{chosen}",
        "ENVIRONMENT": "test",
        "WEB_WORKERS": "2",
        "METRICS_TOKEN": "figures",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path_factory.mktemp("figures")),
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    server = subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[3])
    try:
        wait_for(chosen, server)
        yield chosen
    finally:
        server.terminate()
        server.wait(10)


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if status_of(send(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")) == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("gunicorn did not come up")


def send(port: int, raw: bytes) -> bytes:
    """What is answered to these bytes until the other side has no more to say."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(raw)
        wire.shutdown(socket.SHUT_WR)
        while part := wire.recv(65536):
            answer += part
    return answer


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


POST = b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"

FRAMES: dict[str, tuple[bytes, set[int]]] = {
    "no length and no body": (POST + b"\r\n", {400}),
    "a length that is no number": (POST + b"Content-Length: x\r\n\r\n{}", {400}),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n{}", {400}),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {400}),
    "a length beyond what we read": (POST + b"Content-Length: 99999999\r\n\r\n{}", {413}),
    "a length of twenty digits": (
        POST + b"Content-Length: " + b"9" * 20 + b"\r\n\r\n{}",
        {400, 413},
    ),
    "length and chunks": (
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        {400},
    ),
    "an unknown transfer": (POST + b"Transfer-Encoding: x\r\n\r\n{}", {400, 501}),
    "chunks of the wrong size": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", {400}),
    "chunks beyond what we read": (
        POST
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + (b"4000\r\n" + b"a" * 0x4000 + b"\r\n") * 6
        + b"0\r\n\r\n",
        {413},
    ),
    "a body cut short": (POST + b'Content-Length: 20\r\n\r\n{"code"', {400}),
    "a header of 100 KB": (GET + b"X-Junk: " + b"a" * 100_000 + b"\r\n\r\n", {400, 431}),
    "1,000 headers": (
        GET + b"".join(b"X-%d: 1\r\n" % n for n in range(1000)) + b"\r\n",
        {400, 431},
    ),
    "an address of 10 KB": (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {400, 414}),
    "no request at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}),
    "a blank in a header's name": (GET + b"X Junk: 1\r\n\r\n", {400}),
    "a host of odd characters": (b"GET /healthz HTTP/1.1\r\nHost: a b<>\r\n\r\n", {200, 400}),
    "an address with a host": (
        b"GET http://evil.example/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        {200},
    ),
    "an asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", {200, 400, 404}),
}


@pytest.mark.parametrize(("raw", "statuses"), FRAMES.values(), ids=FRAMES.keys())
def test_a_strange_frame_is_refused_and_the_next_request_served(
    port: int, raw: bytes, statuses: set[int]
) -> None:
    assert status_of(send(port, raw)) in statuses
    assert status_of(send(port, GET + b"\r\n")) == 200


def test_a_refusal_by_us_is_a_problem_even_here(port: int) -> None:
    raw = send(port, POST + b"Connection: close\r\nContent-Length: 2\r\n\r\n[]")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "malformed_json"


def test_a_client_that_leaves_in_the_middle_holds_nobody_up(port: int) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
            wire.sendall(POST + b"Content-Length: 50\r\n\r\n{")
    assert status_of(send(port, GET + b"\r\n")) == 200


def test_the_figures_of_all_workers_are_added_up(port: int) -> None:
    ask = b"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer figures\r\n\r\n"
    before = count_of(send(port, ask))
    for _ in range(20):
        send(port, b"GET /api/v1/figures HTTP/1.1\r\nHost: x\r\n\r\n")
    assert {count_of(send(port, ask)) for _ in range(6)} == {before + 20}


def count_of(answer: bytes) -> float:
    """How many requests ended at no route."""
    series = rb'mall_request_seconds_count\{method="GET",route="\(none\)"\} ([0-9.]+)'
    found = re.search(series, answer)
    return float(found[1]) if found else 0.0
