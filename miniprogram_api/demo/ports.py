"""Whether the addresses that the demo wants are free, and whether what it started answers."""

import fcntl
import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.05


class Taken(Exception):
    """Somebody else has the port or the instance folder; the message says which, in one sentence."""


def claim_port(variable: str, port: int) -> None:
    """Make sure that nobody listens on a loopback port.

    :raises Taken: somebody does.
    """
    with socket.socket() as probe:
        # As servers do: a port that only waits for the last packets of the past is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise Taken(
                f"端口 {port} 已被占用：请停掉占用它的程序，或用 {variable} 换一个端口。"
                f"Port {port} is taken: stop who has it, or choose another with {variable}. "
                f"({error.strerror})"
            ) from None


def claim_instance(instance: Path) -> int:
    """Keep the instance folder to ourselves for as long as this process lives; gives the lock.

    :raises Taken: another demo runs in it.
    """
    lock = os.open(instance / "demo.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Taken(
            f"{instance} 里已有一个演示商城在运行：请先停掉它，或用 MALL_INSTANCE 换一个文件夹。"
            f"A demo already runs in {instance}: stop it, or choose another folder with "
            "MALL_INSTANCE."
        ) from None
    return lock


def answers(url: str) -> bool:
    """Whether a GET of `url` is answered with a success."""
    # Whatever proxy the environment names, loopback is not behind it.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with suppress(OSError), direct.open(url, timeout=1) as answer:
        return bool(answer.status < 300)
    return False


def wait_until(happened: Callable[[], bool], goes_on: Callable[[], bool], seconds: float) -> bool:
    """Wait until something happened; False when it did not in time, or cannot any more."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline or not goes_on():
            return False
        time.sleep(POLL_SECONDS)
    return True
