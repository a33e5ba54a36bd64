"""Where an order is sent: sealed for that order alone, shown to nobody but its owner and who sends it."""

import json
from collections.abc import Mapping

from miniprogram_api.core.crypto import seal, unseal
from miniprogram_api.core.db import canonical_json

FIELDS = ("name", "phone", "region", "detail")


def seal_address(order_no: str, address: Mapping[str, str]) -> str:
    """Seal a name, phone, region and detail for the order of that number."""
    return seal(canonical_json({name: address[name] for name in FIELDS}), _place(order_no))


def open_address(order_no: str, sealed: str | None) -> dict[str, str] | None:
    """The address of an order in clear; None: it has none, or no longer."""
    if sealed is None:
        return None
    address: dict[str, str] = json.loads(unseal(sealed, _place(order_no)))
    return address


def _place(order_no: str) -> str:
    return f"redemption_order.delivery:{order_no}"
