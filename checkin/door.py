"""The door of the check-in route (`auth.door`)."""

import re

from miniprogram_api.auth.door import Entrance, Plain
from miniprogram_api.auth.guards import keep_pace
from miniprogram_api.repeats.records import Told

from .together import Arrival, check_in_together


def _check_in(plain: Plain) -> Told | None:
    if not plain.asks_nothing():
        return None
    keep_pace(plain.member_id)
    return check_in_together(Arrival(plain.member_id, plain.claim))


ENTRANCE = Entrance(
    rule="/api/v1/checkins",
    path=re.compile(r"/api/v1/checkins"),
    carry_out=_check_in,
)
