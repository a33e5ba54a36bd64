"""The door of the claims route (`auth.door`)."""

import re

from miniprogram_api.auth.door import Entrance, Plain
from miniprogram_api.http.language import language
from miniprogram_api.repeats.records import Told

from .claiming import claim_coupon


def _claim(plain: Plain) -> Told | None:
    if not plain.asks_nothing():
        return None
    [drop_id] = plain.numbers
    return claim_coupon(plain.member_id, drop_id, plain.claim, language())


ENTRANCE = Entrance(
    rule="/api/v1/coupon-drops/<id:drop_id>/claims",
    path=re.compile(r"/api/v1/coupon-drops/([1-9][0-9]{0,17})/claims"),
    carry_out=_claim,
)
