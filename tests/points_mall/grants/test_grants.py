"""Grants of any kinds are given together, points among them; rules cannot promise what is not."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from points_mall.grants import kinds
from points_mall.grants.errors import RewardNotAllowed
from points_mall.grants.granting import grant_all
from points_mall.grants.kinds import Grant, Granted, GrantKind, check_reward
from points_mall.grants.points import available_points
from points_mall.grants.rewards import Reward, reward_from_json
from points_mall.ledger import audit, posting
from points_mall.ledger.models import PointsLot
from points_mall.ledger.reasons import declare
from tests.builders import shanghai

WHY = declare("test_grant", "测试奖励", "Test grant", counterparty="test")
NOON = shanghai("2026-11-21 12:00")
STARS: list[tuple[int, int]] = []


def give_stars(grants: Sequence[Grant]) -> list[Granted]:
    STARS.extend((grant.member_id, grant.amount) for grant in grants)
    return [Granted({"amount": grant.amount, "place": place}) for place, grant in enumerate(grants)]


def at_most_five(reward: Reward) -> None:
    kinds.check_amount(reward, 5)


STAR = GrantKind("test_star", "星星", "Star", give_stars, at_most_five)
kinds.register(STAR)


@pytest.fixture
def members(app: Flask) -> list[int]:
    clock.set(NOON)
    STARS.clear()
    with transaction() as session:
        rows = [Member(member_no=f"{number:012d}", joined_at=NOON) for number in range(3)]
        session.add_all(rows)
        session.flush()  # the ids are the answer
        return [row.id for row in rows]


def grant(member: int, kind: str, amount: int, reference: str = "r", **more: object) -> Grant:
    return Grant(member, kind, amount, WHY, reference, **more)  # type: ignore[arg-type]


def give(*grants: Grant) -> list[Granted]:
    with transaction():
        return grant_all(grants)


def test_grants_of_several_kinds_answer_in_their_order(members: list[int]) -> None:
    one, two, _ = members
    answers = give(
        grant(one, "points", 5),
        grant(one, "test_star", 1),
        grant(two, "points", 7),
        grant(two, "test_star", 2),
    )
    assert [answer.told for answer in answers] == [
        {"points": 5},
        {"amount": 1, "place": 0},
        {"points": 7},
        {"amount": 2, "place": 1},
    ]
    assert [answer.points_available for answer in answers] == [5, None, 7, None]
    assert [(one, 1), (two, 2)] == STARS
    assert list(audit.findings(db.session())) == []


def test_nothing_to_grant_is_nothing(members: list[int]) -> None:
    assert give() == []


def test_a_repeat_gives_no_more_points(members: list[int]) -> None:
    give(grant(members[0], "points", 5))
    (again,) = give(grant(members[0], "points", 5))
    assert (again.told, again.points_available) == ({"points": 5}, 5)


def test_points_expire_by_the_setting_or_their_own_day(members: list[int]) -> None:
    own = datetime(2026, 12, 1, tzinfo=UTC)
    give(grant(members[0], "points", 5), grant(members[0], "points", 6, "s", expires_at=own))
    lots = db.session.scalars(sa.select(PointsLot.expires_at).order_by(PointsLot.id))
    assert list(lots) == [shanghai("2027-11-22 00:00"), own]


def test_a_kind_that_nobody_gives_ends_it_all(members: list[int]) -> None:
    with pytest.raises(RewardNotAllowed, match="moon_rock"):
        give(grant(members[0], "points", 5), grant(members[0], "moon_rock", 1))
    with transaction():
        posting.lock_accounts(members)
        assert available_points(members) == dict.fromkeys(members, 0)


def test_what_can_be_spent_leaves_out_what_has_expired(members: list[int]) -> None:
    soon = NOON.replace(hour=23)
    give(grant(members[0], "points", 5), grant(members[0], "points", 6, "s", expires_at=soon))
    with transaction():
        assert available_points(members[:1]) == {members[0]: 11}
        clock.set(soon)
        assert available_points(members[:1]) == {members[0]: 5}


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_statements_does_not_depend_on_the_number_of_grants(
    members: list[int], count: int
) -> None:
    give(*(grant(member, "points", 1, "opening") for member in members))
    seen: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    give(*(grant(member, "points", 1) for member in members[:count]))
    assert len(seen) <= 7


@pytest.mark.parametrize(
    ("reward", "why"),
    [
        (Reward("moon_rock", 1), "nobody gives"),
        (Reward("points", 0), "1 to 1000000"),
        (Reward("points", 1_000_001), "1 to 1000000"),
        (Reward("points", 1, item="gold"), "only one kind"),
        (Reward("points", 1, valid_days=0), "valid for 1 to"),
        (Reward("test_star", 6), "1 to 5"),
    ],
)
def test_a_rule_cannot_promise_what_is_not(reward: Reward, why: str) -> None:
    with pytest.raises(RewardNotAllowed, match=why):
        check_reward(reward)


def test_a_reward_survives_being_spelt() -> None:
    for reward in (Reward("points", 5), Reward("coupon", 1, "spring", 7)):
        assert reward_from_json(reward.as_json()) == reward


def test_a_kind_has_one_giver_and_a_name() -> None:
    kinds.register(STAR)
    with pytest.raises(ValueError, match="test_star"):
        kinds.register(GrantKind("test_star", "", "", lambda _grants: [], at_most_five))
    assert kinds.name_of("test_star", "zh") == "星星"
    assert kinds.name_of("points", "en") == "Points"
    assert kinds.name_of("moon_rock", "zh") == "moon_rock"
