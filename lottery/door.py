"""The door of the drawing route (`auth.door`)."""

import re

from miniprogram_api.auth.door import Entrance, Plain
from miniprogram_api.auth.guards import keep_pace
from miniprogram_api.repeats.records import Told

from .drawing import draw, wish_for
from .schemas import NONCE_PATTERN

_NONCE = re.compile(NONCE_PATTERN.strip("^$"))


def _draw(plain: Plain) -> Told | None:
    if plain.asked is None or not plain.asked.keys() <= {"nonce"}:
        return None
    nonce = plain.asked.get("nonce")
    if "nonce" in plain.asked and not (isinstance(nonce, str) and _NONCE.fullmatch(nonce)):
        return None
    keep_pace(plain.member_id)
    [wheel_id] = plain.numbers
    return draw(wish_for(plain.member_id, wheel_id, nonce, plain.claim))


ENTRANCE = Entrance(
    rule="/api/v1/wheels/<id:wheel_id>/draws",
    path=re.compile(r"/api/v1/wheels/([1-9][0-9]{0,17})/draws"),
    carry_out=_draw,
)
