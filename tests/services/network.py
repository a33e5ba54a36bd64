"""Closes the network to a test process: loopback and unix sockets only.

A test that would reach further fails at once and says where it wanted to go, instead of depending
on what happens to be out there.
"""

import ipaddress
import socket
from typing import Any

_CONNECTS = ("connect", "connect_ex", "sendto")


class NetworkClosed(RuntimeError):
    """A test wanted to leave this machine."""


def close_network() -> None:
    """From now on, in this process, a socket connects to this machine or not at all.

    Saying it twice changes nothing. Names other than localhost are refused before they are looked
    up, so nothing is asked of a name server either.
    """
    if getattr(socket, "_closed_to_the_world", False):
        return
    for name in _CONNECTS:
        setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **options: Any) -> Any:
        _refuse_foreign(host)
        return look_up(host, *rest, **options)

    socket.getaddrinfo = getaddrinfo
    socket._closed_to_the_world = True  # type: ignore[attr-defined]


def is_here(host: object) -> bool:
    """Whether a host is this machine."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host is None or host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(host).split("%", maxsplit=1)[0]).is_loopback
    except ValueError:
        return False


def _guarded(original: Any) -> Any:
    def guarded(self: socket.socket, *args: Any) -> Any:
        # sendto's address comes last, after the data and perhaps the flags.
        address = args[-1] if args else None
        if self.family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple):
            _refuse_foreign(address[0])
        return original(self, *args)

    return guarded


def _refuse_foreign(host: object) -> None:
    if not is_here(host):
        raise NetworkClosed(f"a test may not reach {host!r}: start what it needs on this machine")
