"""The door of the claims route (`auth.door`): claims without an address."""

import re

from miniprogram_api.auth.door import Entrance, Plain
from miniprogram_api.http.schemas import ID_PATTERN
from miniprogram_api.repeats.records import Told

from .claiming import claim_item
from .sales import sale_of
from .terms import PICKUP

_ID = re.compile(ID_PATTERN.strip("^$"))


def _claim(plain: Plain) -> Told | None:
    asked = plain.asked or {}
    item_id = asked.get("item_id")
    if len(asked) != 1 or not isinstance(item_id, str) or not _ID.fullmatch(item_id):
        return None
    [sale_id] = plain.numbers
    if sale_of(sale_id).item(int(item_id)).fulfilment != PICKUP:
        return None
    return claim_item(plain.member_id, sale_id, int(item_id), plain.claim)


ENTRANCE = Entrance(
    rule="/api/v1/flash-sales/<id:sale_id>/claims",
    path=re.compile(r"/api/v1/flash-sales/([1-9][0-9]{0,17})/claims"),
    carry_out=_claim,
)
