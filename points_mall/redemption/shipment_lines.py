"""The lines of a file that says what was sent: what is to be made of each. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from .states import OrderStatus

_TRACKING = re.compile(r"[A-Za-z0-9-]{5,40}")
_IN_POWERS_OF_TEN = re.compile(r"[0-9][.,]?[0-9]*[Ee]\+?[0-9]+")
LONGEST_CARRIER = 32


class Verdict(StrEnum):
    """What becomes of a line."""

    SHIPS = "ships"
    ALREADY = "already"  # sent before, by the same carrier and number: nothing is to be done
    UNKNOWN = "unknown"
    TWICE = "twice"
    NO_CARRIER = "no_carrier"
    NO_NUMBER = "no_number"
    ROUNDED = "rounded"  # the spreadsheet has made a power of ten of it
    BAD_NUMBER = "bad_number"
    PICKED_UP = "picked_up"  # collected at the counter, not sent
    NO_ADDRESS = "no_address"
    UNPAID = "unpaid"
    CANCELLED = "cancelled"
    OTHERWISE = "otherwise"  # sent before, by another carrier or number
    RECEIVED = "received"


GOOD = frozenset({Verdict.SHIPS, Verdict.ALREADY})
"""What needs nobody."""


@dataclass(frozen=True)
class Line:
    """A line as it stands in the file; `line` counts from the top."""

    line: int
    order_no: str
    carrier: str
    tracking_no: str


@dataclass(frozen=True)
class Standing:
    """What an order is when a line speaks of it."""

    status: str
    fulfilment: str
    has_address: bool
    carrier: str | None = None
    tracking_no: str | None = None


def lines_of(rows: Sequence[Mapping[str, str]]) -> list[Line]:
    """The rows of a file as lines; order numbers are written in capitals."""
    return [
        Line(
            int(row["line"]),
            row["order_no"].replace(" ", "").upper()[:24],
            row["carrier"][: LONGEST_CARRIER + 1],
            row["tracking_no"].replace(" ", "")[:64],
        )
        for row in rows
    ]


def kept(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Lines as they are kept."""
    return [asdict(line) for line in lines]


def judged(lines: Sequence[Line], orders: Mapping[str, Standing]) -> list[tuple[Line, Verdict]]:
    """What becomes of each line, by how the orders stand; of two lines of one order, the first counts."""
    seen: set[str] = set()
    found = []
    for line in lines:
        verdict = Verdict.TWICE if line.order_no in seen else _verdict(line, orders)
        seen.add(line.order_no)
        found.append((line, verdict))
    return found


def _verdict(line: Line, orders: Mapping[str, Standing]) -> Verdict:
    order = orders.get(line.order_no)
    if order is None:
        return Verdict.UNKNOWN
    return _wrong_words(line) or _wrong_order(line, order) or Verdict.SHIPS


def _wrong_words(line: Line) -> Verdict | None:
    if not line.carrier or len(line.carrier) > LONGEST_CARRIER:
        return Verdict.NO_CARRIER
    if not line.tracking_no:
        return Verdict.NO_NUMBER
    if _IN_POWERS_OF_TEN.fullmatch(line.tracking_no):
        return Verdict.ROUNDED
    return None if is_tracking_no(line.tracking_no) else Verdict.BAD_NUMBER


def is_tracking_no(text: str) -> bool:
    """Whether a carrier could have given this number."""
    return _TRACKING.fullmatch(text) is not None


def _wrong_order(line: Line, order: Standing) -> Verdict | None:
    if order.fulfilment != "delivery":
        return Verdict.PICKED_UP
    if order.status == OrderStatus.PLACED:
        return None if order.has_address else Verdict.NO_ADDRESS
    if order.status in {OrderStatus.SHIPPED, OrderStatus.RECEIVED}:
        is_same = (order.carrier, order.tracking_no) == (line.carrier, line.tracking_no)
        if is_same:
            return Verdict.ALREADY
    by_status = {
        OrderStatus.SHIPPED: Verdict.OTHERWISE,
        OrderStatus.RECEIVED: Verdict.RECEIVED,
        OrderStatus.AWAITING_PAYMENT: Verdict.UNPAID,
        OrderStatus.CANCELLED: Verdict.CANCELLED,
    }
    return by_status.get(OrderStatus(order.status), Verdict.OTHERWISE)
