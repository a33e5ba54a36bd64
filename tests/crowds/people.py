"""Members by the thousand, with points and tokens, written in a few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from miniprogram_api.auth import tokens
from miniprogram_api.auth.models import MemberSession
from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import transaction
from miniprogram_api.members.models import Member
from points_mall.ledger import posting
from points_mall.ledger.movements import Credit, Posted
from points_mall.ledger.reasons import declare

GIFT = declare("sale_crowd_gift", "开场积分", "Purse of a sale crowd", counterparty="crowd")
LASTS = timedelta(hours=2)


@dataclass(frozen=True)
class Person:
    """A member who is logged in."""

    member_id: int
    token: str


def people(count: int, points: int) -> list[Person]:
    """`count` members, each with so many points and an open session."""
    with transaction() as session:
        moment = now().replace(microsecond=0)
        members = [
            {"member_no": f"8{number:015d}", "joined_at": moment, "nickname_checked": False}
            for number in range(count)
        ]
        rows = bulk.insert(session, Member.__table__, members, returning=["id"])
        ids = sorted(row.id for row in rows)
        sessions = [
            {"member_id": one, "device": "test", "issued_at": moment, "expires_at": moment + LASTS}
            for one in ids
        ]
        opened = bulk.insert(
            session, MemberSession.__table__, sessions, returning=["id", "member_id"]
        )
        _give(ids, points)
    begin, end = int(moment.timestamp() * 1000), int((moment + LASTS).timestamp() * 1000)
    return [
        Person(row.member_id, tokens.sign(tokens.AccessToken(row.member_id, row.id, begin, end)))
        for row in sorted(opened, key=lambda row: row.member_id)
    ]


def _give(member_ids: Sequence[int], points: int) -> None:
    given = posting.post([Credit(one, points, GIFT, "crowd:gift") for one in member_ids])
    assert all(isinstance(one, Posted) for one in given)
