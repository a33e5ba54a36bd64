"""The gate alone: calls a second against a bare script, and the Redis that a claim takes."""

import itertools
import socket
import time
from collections.abc import Callable
from statistics import median
from typing import Any
from urllib.parse import unquote

import redis

from benchmarks import people
from benchmarks.shop import opened
from miniprogram_api.core.redis import redis_client
from points_mall.stock import gate
from points_mall.stock.gate import Want
from points_mall.stock.pools import pool_of

SIZES = (1, 16, 64)
ROUNDS = 5
KEYS = ("orders", "who", "pace")
CLAIMS = 20_000
MEMBERS = 10_000
DECR = "return redis.call('DECR', KEYS[1])"
_numbers = itertools.count()

Call = Callable[[], object]


def measured(seconds: float) -> dict[str, Any]:
    """Speeds on one connection each, and bytes."""
    with opened("sqlite") as shop:
        members = people.gathered(10, 0).regulars
        pool_id = people.published("bench:gate", 1_000_000)
        speeds = _speeds(pool_id, members, shop.settings["REDIS_URL"], seconds)
        return {"speeds": speeds, "bytes": _bytes()}


def _speeds(pool_id: int, members: list[int], url: str, seconds: float) -> dict[str, Any]:
    decr = redis_client().register_script(DECR)
    calls: dict[str, tuple[int, Call]] = {
        "DECR by redis-py": (1, lambda: decr(keys=["bench:stock"])),
        "DECR raw": (1, _raw(url, redis_client().script_load(DECR))),
    }
    for size in SIZES:
        calls[f"gate of {size}"] = (size, _claims(pool_id, members, size))
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, (_, call) in calls.items():
            found[name].append(_per_second(call, seconds / 2))
    bare = median(found["DECR by redis-py"])
    return {
        name: {
            "calls_per_second": round(median(speeds)),
            "claims_per_second": round(median(speeds) * calls[name][0]),
            "calls_to_bare": round(median(speeds) / bare, 3),
            "claims_to_bare": round(median(speeds) * calls[name][0] / bare, 3),
        }
        for name, speeds in found.items()
    }


def _claims(pool_id: int, members: list[int], size: int) -> Call:
    def call() -> object:
        pool = pool_of(pool_id)
        wants = [
            Want(members[n % len(members)], f"R{n:020X}") for n in itertools.islice(_numbers, size)
        ]
        decided = gate.decide(pool, wants)
        assert all(one.may_try for one in decided), decided[0]
        return decided

    return call


def _raw(url: str, sha: object) -> Call:
    """The same script call as bytes, with no client library: what the server itself can do."""
    wire = socket.socket(socket.AF_UNIX)
    wire.connect(unquote(url.removeprefix("unix://")))
    parts = [b"EVALSHA", str(sha).encode(), b"1", b"bench:stock"]
    call = b"*4\r\n" + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)

    def raw() -> object:
        wire.sendall(call)
        answer = wire.recv(64)
        assert answer.startswith(b":"), answer
        return answer

    return raw


def _per_second(call: Call, seconds: float) -> float:
    started = time.perf_counter()
    done = 0
    while time.perf_counter() < started + seconds:
        call()
        done += 1
    return done / (time.perf_counter() - started)


def _bytes() -> dict[str, float]:
    """How the memory in use grows by claims, half of them by members who had claimed before."""
    client = redis_client()
    pool_id = people.published("bench:memory", CLAIMS)
    before = _used(client)
    first = _claim_range(pool_id, range(MEMBERS))
    _claim_range(pool_id, range(MEMBERS, CLAIMS))
    with_pending = _used(client)
    for start in range(0, CLAIMS, 100):
        gate.confirm(pool_id, [f"M{n:020X}" for n in range(start, start + 100)])
    keys = {
        name: client.memory_usage(key, samples=0) or 0
        for name, key in zip(KEYS, gate.keys_of(pool_id, *KEYS), strict=True)
    }
    return {
        "unconfirmed_claim_by_a_new_member": round((first - before) / MEMBERS, 1),
        "per_claim_while_unconfirmed": round((with_pending - before) / CLAIMS, 1),
        "per_claim_confirmed": round(keys["orders"] / CLAIMS, 1),
        "per_member": round((keys["who"] + keys["pace"]) / MEMBERS, 1),
    }


def _claim_range(pool_id: int, numbers: range) -> int:
    for start in range(numbers.start, numbers.stop, 100):
        wants = [Want(n % MEMBERS + 1, f"M{n:020X}") for n in range(start, start + 100)]
        assert all(one.may_try for one in gate.decide(pool_of(pool_id), wants))
    return _used(redis_client())


def _used(client: redis.Redis) -> int:
    return int(client.info("memory")["used_memory"])
