"""What is asked in a benchmark, and what the right answer looks like."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import people
from benchmarks.load import Traffic
from benchmarks.people import People, Sale

BARE, BARE_CLAIM = "bare", "bare_claim"


@dataclass(frozen=True)
class Stage:
    """The people and pools that the traffic is about."""

    people: People
    sale: Sale
    textbook_pool: int
    wheel: int
    drop: int


def bare(stage: Stage) -> Traffic:
    """A JSON answer of Flask alone, to a member's request: the client's headers are not our doing."""
    return Traffic(_heads("GET", "/bare", stage), b"\r\n\r\n", 200, b'"ok":true')


def bare_claim(stage: Stage) -> Traffic:
    """The same answer, to a request that is a claim to the last byte but for its path."""
    heads = _heads("POST", "/bare", stage)
    return Traffic(heads, _item(stage.sale.winning_item), 200, b'"ok":true')


def check_in(stage: Stage) -> Traffic:
    """Every member of the crowd, once."""
    heads = [_head("POST", "/api/v1/checkins", member) for member in stage.people.crowd]
    return Traffic(heads, _with(b""), 201, b'"streak_days":3', once=True)


def points(stage: Stage) -> Traffic:
    """What a member has."""
    return Traffic(_heads("GET", "/api/v1/points", stage), b"\r\n\r\n", 200, b'"lifetime_earned":')


def entries(stage: Stage) -> Traffic:
    """The first page of a member's statement."""
    heads = _heads("GET", "/api/v1/points/entries", stage)
    return Traffic(heads, b"\r\n\r\n", 200, b'"balance_after":')


def sold_out(stage: Stage) -> Traffic:
    """Claims of what is gone."""
    heads = _heads("POST", _claims(stage), stage)
    return Traffic(heads, _item(stage.sale.sold_out_item), 409, b'"sold_out"')


def winning(stage: Stage) -> Traffic:
    """Claims that win."""
    heads = _heads("POST", _claims(stage), stage)
    return Traffic(heads, _item(stage.sale.winning_item), 201, b'"pickup_code":"6')


def drop_claim(stage: Stage) -> Traffic:
    """Every member of the crowd wins a coupon of a drop, once."""
    path = f"/api/v1/coupon-drops/{stage.drop}/claims"
    heads = [_head("POST", path, member) for member in stage.people.crowd]
    return Traffic(heads, _with(b"{}"), 201, b'"unit_no":', once=True)


def draw(stage: Stage) -> Traffic:
    """Draws that cost points."""
    heads = _heads("POST", f"/api/v1/wheels/{stage.wheel}/draws", stage)
    return Traffic(heads, _with(b"{}"), 201, b'"draw_no":"D')


def textbook(stage: Stage) -> Traffic:
    """The same, the textbook way, which may stumble over its own locks."""
    heads = _heads("POST", "/bench/textbook", stage)
    also = frozenset({500, 503})
    return Traffic(
        heads,
        _with(json.dumps({"pool_id": stage.textbook_pool}).encode()),
        201,
        b'"pickup_code":"6',
        also=also,
    )


KINDS: dict[str, Callable[[Stage], Traffic]] = {
    BARE: bare,
    BARE_CLAIM: bare_claim,
    "check_in": check_in,
    "points": points,
    "entries": entries,
    "sold_out": sold_out,
    "drop_claim": drop_claim,
    "draw": draw,
    "winning": winning,
    "textbook": textbook,
}


def _heads(verb: str, path: str, stage: Stage) -> list[bytes]:
    return [_head(verb, path, member) for member in stage.people.regulars]


def _head(verb: str, path: str, member: int) -> bytes:
    token = people.token_of(member)
    return (
        f"{verb} {path} HTTP/1.1\r\nHost: mall\r\nAuthorization: Bearer {token}\r\n"
        "Idempotency-Key: "
    ).encode()


def _claims(stage: Stage) -> str:
    return f"/api/v1/flash-sales/{stage.sale.id}/claims"


def _item(item_id: int) -> bytes:
    return _with(json.dumps({"item_id": str(item_id)}).encode())


def _with(body: bytes) -> bytes:
    kind = b"Content-Type: application/json\r\n" if body else b""
    return b"\r\n%bContent-Length: %d\r\n\r\n%b" % (kind, len(body), body)
