"""Purchases lift members and refunds let them fall, in whatever order they become known."""

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs.models import Job
from miniprogram_api.members import services as member_services
from miniprogram_api.messaging import opt_in
from points_mall.coupons import templates as coupon_templates
from points_mall.coupons.models import Coupon
from points_mall.coupons.terms import CouponTerms, Kind
from points_mall.coupons.validity import Span, Validity
from points_mall.grants.errors import RewardNotAllowed
from points_mall.grants.kinds import Grant
from points_mall.grants.rewards import Reward
from points_mall.ledger import posting
from points_mall.ledger.models import LedgerEntry
from points_mall.ledger.reasons import ADJUSTMENT
from points_mall.tiers import gifts, publishing, services
from points_mall.tiers.benefits import Benefits, benefits_of
from points_mall.tiers.growing import Growth, grow
from points_mall.tiers.models import TierChange, TierGift, TierGrowth
from points_mall.tiers.steps import Tier
from points_mall.tiers.terms import Basis
from tests.builders import shanghai

from .conftest import (
    NOON,
    account,
    assert_books_agree,
    bought,
    enrol,
    hear,
    history,
    points,
    refunded,
    rows,
    small_ladder,
    stands,
)

FEBRUARY = shanghai("2026-02-10 12:00")


def state(member_id: int) -> Any:
    """Everything that must not depend on an order: tier and deadlines, the last line of the history,
    the growth, and the points.
    """
    last = db.session.execute(
        sa.select(TierChange.code, TierChange.since, TierChange.keep_until, TierChange.grace_until)
        .filter_by(member_id=member_id)
        .order_by(TierChange.id.desc())
        .limit(1)
    ).one_or_none()
    growth = db.session.scalar(
        sa.select(sa.func.sum(TierGrowth.amount_fen)).filter_by(member_id=member_id)
    )
    gifts = db.session.scalars(
        sa.select(TierGift.code).filter_by(member_id=member_id, taken_back_at=None)
    )
    told = tuple(last) if last else None
    return told, int(growth or 0), sorted(gifts), account(member_id)


def test_a_purchase_lifts_at_once_with_gift_and_history(li: int) -> None:
    hear(bought(li, 999, "1"))
    assert history(li) == []
    assert services.rank_of(li) == 0
    hear(bought(li, 1, "2"))
    assert stands(li) == ("gold", "2026-03-10 12:00", "2027-03-11 00:00", None)
    assert history(li) == [("regular", "gold", "purchase")]
    assert account(li) == (10, 0, 0)
    last = db.session.scalars(sa.select(TierChange)).one()
    assert (last.reference, last.growth, last.ladder_version) == ("purchase:2", 1_000, 2)
    entry = db.session.scalars(sa.select(LedgerEntry)).one()
    assert (entry.reason, entry.counterparty, entry.reference) == (
        "tier_gift", "tier", "tier:gold:1",
    )  # fmt: skip
    assert entry.explanation == {"tier": "gold", "ladder_version": 2}
    assert_books_agree()


def test_a_repeat_of_growth_changes_nothing(li: int) -> None:
    hear(bought(li, 1_000, "1"))
    before = rows()
    hear(bought(li, 1_000, "1"), bought(li, 1_000, "1"))
    hear(bought(li, 9_000, "1"))
    assert rows() == before
    assert account(li) == (10, 0, 0)


def test_nothing_heard_is_nothing_written(li: int) -> None:
    before = rows()
    hear()
    assert rows() == before


def test_growth_is_heard_in_the_callers_transaction_or_not_at_all(li: int) -> None:
    before = rows()
    with pytest.raises(RuntimeError):
        grow([bought(li, 1_000, "1")])
    with pytest.raises(ZeroDivisionError):
        _grow_and_fail(bought(li, 1_000, "1"))
    assert rows() == before
    assert account(li) == (0, 0, 0)


def _grow_and_fail(growth: Growth) -> None:
    with transaction():
        grow([growth])
        raise ZeroDivisionError


def test_one_purchase_past_two_steps_brings_both_gifts(li: int) -> None:
    hear(bought(li, 5_000, "1"))
    assert stands(li)[0] == "diamond"
    assert account(li) == (60, 0, 0)
    assert history(li) == [("regular", "diamond", "purchase")]


def test_a_refund_takes_tier_and_gift_back_at_once(li: int) -> None:
    hear(bought(li, 5_000, "1"))
    hear(refunded(li, 4_001, "1", purchases=0))
    assert stands(li) == ("regular", "2025-01-01 10:00", None, None)
    assert history(li) == [("regular", "diamond", "purchase"), ("diamond", "regular", "refund")]
    assert account(li) == (0, 0, 0)
    assert_books_agree()


def test_a_gift_that_was_spent_becomes_a_debt(li: int) -> None:
    hear(bought(li, 1_000, "1"))
    with transaction():
        posting.debit(li, 8, reason=ADJUSTMENT, reference="spent")
    hear(refunded(li, 1, "1"))
    assert account(li) == (0, 0, 8)
    hear(bought(li, 1, "2"))
    assert account(li) == (2, 0, 0)
    assert_books_agree()


def test_a_later_true_rise_gives_the_gift_again(li: int) -> None:
    hear(bought(li, 1_000, "1"))
    hear(refunded(li, 1_000, "1"))
    assert account(li) == (0, 0, 0)
    hear(bought(li, 1_000, "2"))
    assert account(li) == (10, 0, 0)
    given = db.session.execute(
        sa.select(TierGift.number, TierGift.taken_back_at.is_(None)).order_by(TierGift.id)
    ).all()
    assert [tuple(one) for one in given] == [(1, False), (2, True)]


def test_a_gift_is_given_once_for_a_tier_however_often_it_is_reached(li: int) -> None:
    hear(bought(li, 1_000, "1", shanghai("2024-02-10 12:00")))
    hear(bought(li, 1_000, "2"))
    assert stands(li) == ("gold", "2026-03-10 12:00", "2027-03-11 00:00", None)
    assert account(li) == (10, 0, 0)


def test_a_refund_of_what_the_tier_did_not_rest_on_leaves_it(li: int) -> None:
    hear(bought(li, 1_200, "1", FEBRUARY), bought(li, 300, "2"))
    hear(refunded(li, 300, "2"))
    assert stands(li) == ("gold", "2026-02-10 12:00", "2027-02-11 00:00", None)
    assert history(li) == [("regular", "gold", "purchase")]
    assert account(li) == (10, 0, 0)


def test_a_refund_of_what_kept_a_tier_long_ago_lets_it_fall_now(li: int) -> None:
    hear(
        bought(li, 1_000, "1", shanghai("2024-02-10 12:00")),
        bought(li, 600, "2", shanghai("2024-09-10 12:00")),
        bought(li, 700, "3", shanghai("2025-09-10 12:00")),
    )
    assert stands(li) == ("gold", "2024-02-10 12:00", "2027-02-11 00:00", None)
    hear(refunded(li, 600, "2", shanghai("2024-09-10 12:00")))
    assert stands(li) == ("regular", "2025-03-13 00:00", None, None)
    assert account(li) == (10, 0, 0)  # the rise of February 2024 was a true one


def test_two_refunds_and_three_purchases_end_the_same_in_every_order(li: int) -> None:
    """All 120 orders, each heard one by one; two of them share a moment."""
    several = enrol(120, first_number=1000)
    january = shanghai("2026-01-10 12:00")
    ends = set()
    for member, order in zip(several, permutations(range(5)), strict=True):
        facts = (
            bought(member, 900, f"{member}:1", january),
            bought(member, 4_500, f"{member}:2", FEBRUARY),
            bought(member, 700, f"{member}:3", FEBRUARY),
            refunded(member, 4_500, f"{member}:2", FEBRUARY),
            refunded(member, 300, f"{member}:1", january, purchases=0),
        )
        for number in order:
            hear(facts[number])
        ends.add(repr(state(member)))
    together = enrol(1, first_number=5000)[0]
    hear(
        bought(together, 900, "t1", january),
        bought(together, 4_500, "t2", FEBRUARY),
        bought(together, 700, "t3", FEBRUARY),
        refunded(together, 4_500, "t2", FEBRUARY),
        refunded(together, 300, "t1", january, purchases=0),
    )
    assert ends == {repr(state(together))}
    assert stands(together) == ("gold", "2026-02-10 12:00", "2027-02-11 00:00", None)
    assert account(together) == (10, 0, 0)
    assert_books_agree()


facts_of_a_year = st.lists(
    st.tuples(st.integers(0, 800), st.integers(1, 6_000), st.integers(0, 100)),
    min_size=1,
    max_size=5,
)


@given(facts_of_a_year, st.randoms(use_true_random=False), st.integers(1, 4))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_purchases_with_any_refunds_end_the_same_however_they_are_heard(
    noon: None, facts: list[tuple[int, int, int]], chance: Any, size: int
) -> None:
    """Shuffled and in batches of any size, on different members."""
    number = db.session.scalar(sa.text("SELECT count(*) FROM member"))
    one, other = enrol(2, first_number=100_000 + number)
    for member in (one, other):
        known = list(_facts(member, facts))
        if member == other:
            chance.shuffle(known)
        step = size if member == other else 1
        for begin in range(0, len(known), step):
            hear(*known[begin : begin + step])
    assert _last(one) == _last(other)
    assert account(one) == account(other)


def _facts(member: int, facts: list[tuple[int, int, int]]) -> Any:
    for number, (days_ago, amount, percent) in enumerate(facts):
        at = NOON - timedelta(days=days_ago)
        yield bought(member, amount, f"{member}:{number}", at)
        if percent:
            back = amount * percent // 100
            yield refunded(member, back, f"{member}:{number}", at, int(percent == 100) * -1)


def _last(member: int) -> Any:
    """Where a member stands; who never rose and who was never lifted stand the same."""
    told = state(member)
    standing = stands(member) if told[0] else ("regular", "2025-01-01 10:00", None, None)
    return standing, told[1:]


def test_a_refund_known_before_its_purchase_ends_the_same(li: int) -> None:
    hear(refunded(li, 400, "1", purchases=0))
    assert history(li) == []
    hear(bought(li, 1_000, "1"))
    assert services.rank_of(li) == 0
    hear(bought(li, 400, "2"))
    assert stands(li)[0] == "gold"


def test_a_batch_of_many_members_takes_as_many_statements_as_one(noon: None) -> None:
    several = enrol(40)
    with transaction():
        posting.lock_accounts(several)
    hear(bought(several[0], 1, "the ladder is read, and kept for a second"))
    one = _statements(bought(several[0], 1_000, "one"))
    many = _statements(*(bought(member, 1_000, f"m{member}") for member in several[1:]))
    assert many == one
    assert [services.rank_of(member) for member in several] == [1] * 40
    nothing = _statements(bought(several[0], 5, "small"))
    assert nothing == 6


def _statements(*growths: Growth) -> int:
    heard: list[str] = []

    def hear_statement(*facts: Any) -> None:
        heard.append(facts[2])

    sa.event.listen(db.engine, "before_cursor_execute", hear_statement)
    try:
        hear(*growths)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", hear_statement)
    return len([one for one in heard if not one.startswith(("BEGIN", "COMMIT"))])


def test_by_purchases_and_by_points_a_ladder_counts_those(app: Flask) -> None:
    clock.set(NOON)
    publishing.publish(
        small_ladder(basis=Basis.PURCHASES, gold=(2, 1), diamond=(9, 9)), date(2026, 3, 10)
    )
    (li,) = enrol()
    hear(bought(li, 1, "1"))
    assert services.rank_of(li) == 0
    hear(bought(li, 1, "2"))
    assert services.rank_of(li) == 1
    publishing.publish(
        small_ladder(basis=Basis.POINTS, gold=(20, 10), diamond=(30, 30)), date(2026, 3, 11)
    )
    clock.set(NOON + timedelta(days=1))
    hear(bought(li, 1, "3", NOON + timedelta(days=1), points=30))
    assert stands(li) == ("diamond", "2026-03-11 12:00", "2027-03-12 00:00", None)


def test_other_rewards_are_given_the_first_time_only_and_not_taken_back(app: Flask) -> None:
    clock.set(NOON)
    voucher = CouponTerms(Kind.CASH, Validity(Span.DAYS, days=60), amount_fen=1000)
    coupon_templates.publish(
        coupon_templates.Draft("upgrade", "升级礼券", "Upgrade gift", voucher), actor="test"
    )
    gift = (Reward("points", 30, valid_days=7), Reward("coupon", 2, "upgrade", 30))
    by_gift = Tier(
        "gold", 1, "高级会员", "Senior", "金卡", "Gold card", 1_000, 600, Benefits(), gift
    )
    terms = small_ladder()
    publishing.publish(
        type(terms)(terms.basis, 12, 12, 30, (terms.tiers[0], by_gift)), date(2026, 3, 10)
    )
    (li,) = enrol()
    hear(bought(li, 1_000, "1"))
    hear(refunded(li, 1_000, "1"))
    hear(bought(li, 1_000, "2"))
    owned = db.session.scalars(sa.select(Coupon)).all()
    assert [(one.title_zh, one.number) for one in owned] == [("升级礼券", 0), ("升级礼券", 1)]
    assert [one.valid_until for one in owned] == [shanghai("2026-04-10 00:00")] * 2
    assert account(li) == (30, 0, 0)
    clock.set(shanghai("2026-03-18 00:00"))
    with pytest.raises(Exception, match="needs 1 points"), transaction():
        posting.debit(li, 1, reason=ADJUSTMENT, reference="too late")


def test_an_error_while_giving_undoes_the_growth(li: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_grants: list[Grant]) -> None:
        raise RewardNotAllowed("nobody gives it any more")

    monkeypatch.setattr(gifts, "grant_all", refuse)
    before = rows()
    with pytest.raises(RewardNotAllowed):
        hear(bought(li, 1_000, "1"))
    assert rows() == before


def test_a_closed_account_neither_rises_nor_gets_gifts(li: int) -> None:
    member_services.close_account(li)
    before = rows()
    hear(bought(li, 9_000, "1"))
    assert rows() == before | {"tier_growth": before["tier_growth"] + 1}
    assert services.rank_of(li) == 0


def test_who_asked_for_it_is_told_of_each_change_once(li: int) -> None:
    _accept(li)
    hear(bought(li, 1_000, "1"))
    hear(bought(li, 1, "2"))
    hear(refunded(li, 1_000, "1"))
    told = [job.payload["fields"]["tier"] for job in _messages()]
    assert told == ["高级会员", "普通会员"]
    assert _messages()[0].payload["fields"] == {
        "tier": "高级会员", "card": "金卡", "tier_en": "Senior", "card_en": "Gold card",
        "day": "2026-03-10",
    }  # fmt: skip


def test_who_did_not_ask_is_not_told(li: int) -> None:
    hear(bought(li, 1_000, "1"))
    assert _messages() == []


def _messages() -> list[Job]:
    found = sa.select(Job).where(Job.name == "message.send").order_by(Job.id)
    return list(db.session.scalars(found))


def _accept(member_id: int) -> None:
    with transaction():
        for number in range(9):
            opt_in.report(member_id, ["tier_changed"], source=f"dialog {number}")


def test_benefits_are_those_of_the_present_tier(noon: None) -> None:
    gold, diamond, regular = enrol(3)
    hear(bought(gold, 1_000, "1"), bought(diamond, 5_000, "2"))
    assert benefits_of([gold, diamond, regular, gold]) == {
        gold: Benefits(discount_bp=200, points_multiplier_bp=11_000),
        diamond: Benefits(discount_bp=1_000, points_multiplier_bp=15_000, free_shipping=True),
        regular: Benefits(),
    }
    assert benefits_of([]) == {}


def test_gifts_are_worth_what_the_ladder_said_when_the_tier_was_reached(li: int) -> None:
    publishing.publish(small_ladder(gifts=(77, 88)), date(2026, 3, 10) + timedelta(days=1))
    clock.set(NOON + timedelta(days=2))
    hear(bought(li, 1_000, "1", NOON + timedelta(days=2)))
    assert account(li) == (77, 0, 0)
    hear(bought(li, 1_000, "2", NOON))  # known late: it was gold before the new ladder began
    assert account(li) == (10, 0, 0)
    assert points(0) == ()
    assert_books_agree()
