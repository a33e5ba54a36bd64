"""Coupons come into being once for their cause, within limits that the database judges."""

import threading
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from points_mall.coupons.errors import CouponLimitUsed, NoSuchTemplate, TemplateOver
from points_mall.coupons.history import events
from points_mall.coupons.issuing import Issue, Issued, issue
from points_mall.coupons.models import Coupon, CouponTemplateVersion
from points_mall.coupons.numbers import is_number
from points_mall.coupons.terms import Limits
from points_mall.coupons.validity import Span, Validity
from tests.builders import shanghai

from .conftest import NOON, count, coupon, coupons_of, enrol, give, history, issue_all, template

pytestmark = pytest.mark.usefixtures("all_is_right")


def test_a_coupon_carries_its_own_copy_of_the_terms(app: Flask) -> None:
    (member,) = enrol()
    template()
    (code,) = give(member)
    row = coupon(code)
    assert is_number(code)
    assert (row.state, row.title_zh, row.version) == ("unused", "五元券", 1)
    assert row.terms["amount_fen"] == 500
    assert (row.valid_from, row.valid_until) == (NOON, shanghai("2026-12-22 00:00"))
    assert history(code) == ["issued"]


def test_a_template_changed_after_issue_changes_nothing_issued(app: Flask) -> None:
    (member,) = enrol()
    template()
    (before,) = give(member)
    assert template(amount_fen=900, title="九元券").version == 2
    (after,) = give(member)
    assert (coupon(before).terms["amount_fen"], coupon(before).title_zh) == (500, "五元券")
    assert (coupon(after).terms["amount_fen"], coupon(after).version) == (900, 2)


def test_the_same_terms_again_are_no_new_version(app: Flask) -> None:
    template()
    assert template(title="另一个名字").version == 1
    assert count(CouponTemplateVersion) == 1


def test_a_repeat_answers_with_the_first_coupons(app: Flask) -> None:
    (member,) = enrol()
    template()
    wish = Issue(member, "five", "draw", "d1", 2)
    (first,) = issue_all(wish)
    (again,) = issue_all(wish)
    (same, twice) = issue_all(wish, wish)
    assert isinstance(first, Issued)
    assert [one.codes for one in (again, same, twice) if isinstance(one, Issued)] == [
        first.codes
    ] * 3
    assert isinstance(again, Issued)
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert [row.number for row in coupons_of(member)] == [0, 1]


def test_one_call_with_the_same_cause_twice_issues_once(app: Flask) -> None:
    (member,) = enrol()
    template()
    wish = Issue(member, "five", "draw", "d1")
    first, second = issue_all(wish, wish)
    assert isinstance(second, Issued)
    assert second.is_repeat
    assert isinstance(first, Issued)
    assert first.codes == second.codes
    assert len(coupons_of(member)) == 1


def test_one_refusal_leaves_the_others_alone(app: Flask) -> None:
    one, two = enrol(2)
    template(limits=Limits(per_member=1))
    over = Validity(Span.DATES, date(2026, 11, 1), date(2026, 11, 20))
    template("last", validity=over)
    give(one)
    answers = issue_all(
        Issue(one, "five", "claim", "a"),
        Issue(two, "five", "claim", "b"),
        Issue(two, "last", "claim", "c"),
        Issue(two, "none", "claim", "d"),
    )
    assert isinstance(answers[0], CouponLimitUsed)
    assert answers[0].numbers == {"period": "ever", "limit": 1}
    assert isinstance(answers[1], Issued)
    assert isinstance(answers[2], TemplateOver)
    assert isinstance(answers[3], NoSuchTemplate)
    assert (len(coupons_of(one)), len(coupons_of(two))) == (1, 1)


def test_a_day_of_the_shop_has_its_own_limit(app: Flask) -> None:
    (member,) = enrol()
    template(limits=Limits(per_member=3, per_day=2))
    clock.set(shanghai("2026-11-21 23:59"))
    assert len(give(member, count=2)) == 2
    with pytest.raises(CouponLimitUsed) as refused:
        give(member)
    assert refused.value.numbers == {"period": "day", "limit": 2}
    clock.set(shanghai("2026-11-22 00:00"))
    give(member)
    with pytest.raises(CouponLimitUsed) as refused:
        give(member)
    assert refused.value.numbers == {"period": "ever", "limit": 3}
    assert len(coupons_of(member)) == 3


def test_a_list_of_wishes_uses_up_the_limit_in_order(app: Flask) -> None:
    (member,) = enrol()
    template(limits=Limits(per_member=2))
    answers = issue_all(*(Issue(member, "five", "claim", f"c{at}") for at in range(4)))
    assert [isinstance(one, Issued) for one in answers] == [True, True, False, False]


def test_what_a_rule_promised_is_given_whatever_the_limit(app: Flask) -> None:
    (member,) = enrol()
    template(limits=Limits(per_member=1))
    give(member)
    assert len(give(member, is_limited=False)) == 1


def test_the_number_of_statements_does_not_depend_on_the_number_of_coupons(app: Flask) -> None:
    members = enrol(60, points=1)
    template(limits=Limits(per_member=5))
    seen: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    counts = []
    for some in (members[:1], members[:20], members[20:]):
        seen.clear()
        with transaction():
            issue([Issue(one, "five", "claim", f"c{len(some)}", 2) for one in some])
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2] <= 8


def test_a_limit_holds_against_a_crowd(app: Flask) -> None:
    (member,) = enrol()
    template(limits=Limits(per_member=3))
    answers: list[bool] = []

    def claim(number: int) -> None:
        with app.app_context(), transaction():
            (answer,) = issue([Issue(member, "five", "claim", f"c{number}")])
            answers.append(isinstance(answer, Issued))

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 13 + [True] * 3
    assert len(coupons_of(member)) == 3


def test_an_end_of_its_own(app: Flask) -> None:
    (member,) = enrol()
    template()
    until = NOON + timedelta(hours=1)
    (code,) = give(member, valid_until=until)
    assert coupon(code).valid_until == until


def test_history_is_never_changed(app: Flask) -> None:
    (member,) = enrol()
    template()
    give(member)
    for statement in (sa.update(events).values(actor="x"), sa.delete(events)):
        with pytest.raises(sa.exc.DBAPIError), transaction() as session:
            session.execute(statement)
    assert count(Coupon) == 1
