"""Which version of the rule was in force at a moment, and how a new one is published."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.withdrawals import NoSuchVersion, VersionStays, Withdrawal
from points_mall.earning import rule_book
from points_mall.earning.errors import EarningRuleJustChanged, EarningRuleNotAllowed
from points_mall.earning.models import EarningRule
from points_mall.earning.terms import Rate

from .conftest import MORNING, in_force, terms

HOUR = timedelta(hours=1)


def version_at(hours: int) -> int | None:
    rule = rule_book.in_force(db.session(), MORNING + hours * HOUR)
    return rule.version if rule else None


def versions() -> list[int]:
    db.session.rollback()
    return [row.version for row in rule_book.versions(db.session())]


def test_a_new_shop_has_no_rule(shop: Flask) -> None:
    assert version_at(0) is None


def test_the_newest_version_of_the_latest_beginning_is_in_force(shop: Flask) -> None:
    for hours in (0, 5, 2, 5, 3):
        in_force(terms(), MORNING + hours * HOUR)
    assert [version_at(hours) for hours in (-1, 0, 1, 2, 3, 4, 5, 9)] == [
        None, 1, 1, 3, 5, 5, 4, 4,
    ]  # fmt: skip


def test_the_rules_of_many_moments_are_found_at_once(shop: Flask) -> None:
    for hours in (0, 2, 4):
        in_force(terms(), MORNING + hours * HOUR)
    moments = [MORNING + hours * HOUR for hours in (-5, 1, 3, 4)]
    found = rule_book.at_moments(db.session(), moments)
    assert {moment: rule and rule.version for moment, rule in found.items()} == {
        moments[0]: None,
        moments[1]: 1,
        moments[2]: 2,
        moments[3]: 3,
    }
    assert rule_book.at_moments(db.session(), []) == {}


def test_a_version_is_read_as_it_was_published(shop: Flask) -> None:
    rule = terms(Rate(3, 700), rates={"tea": Rate(1, 3)}, excluded=("gift_card",))
    in_force(rule)
    found = rule_book.in_force(db.session(), MORNING)
    assert found
    assert found.terms == rule


def test_a_rule_cannot_begin_in_the_past_but_for_the_first(shop: Flask) -> None:
    in_force(terms(), MORNING - 24 * HOUR)
    with pytest.raises(EarningRuleNotAllowed, match="is past"):
        in_force(terms(Rate(2, 100)), MORNING - timedelta(seconds=1))
    assert versions() == [1]
    assert version_at(-3) == 1


def test_a_rule_that_does_not_fit_together_is_not_saved(shop: Flask) -> None:
    with pytest.raises(EarningRuleNotAllowed):
        in_force(terms(Rate(1, 0)))
    assert versions() == []


def test_a_version_is_never_changed(shop: Flask) -> None:
    in_force(terms())
    for statement in ("UPDATE earning_rule SET version = 9", "DELETE FROM earning_rule"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            db.session.execute(sa.text(statement))
        db.session.rollback()
    assert versions() == [1]


def test_of_many_who_publish_at_once_each_version_is_saved_by_one(shop: Flask) -> None:
    start, answers = threading.Barrier(8), list[Any]()

    def publish() -> None:
        with shop.app_context():
            start.wait()
            try:
                answers.append(in_force(terms()))
            except DomainError as refusal:
                answers.append(refusal)

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    saved = sorted(answer for answer in answers if isinstance(answer, int))
    assert saved == sorted(versions()) == list(range(1, len(saved) + 1))
    refused = [answer for answer in answers if not isinstance(answer, int)]
    assert all(isinstance(answer, EarningRuleJustChanged) for answer in refused)
    assert len(saved) + len(refused) == 8


def test_a_version_that_was_withdrawn_never_begins(shop: Flask) -> None:
    for hours in (0, 2, 4):
        in_force(terms(), MORNING + hours * HOUR)
    rule_book.withdraw(2, note="算错了", actor="staff:zhou")
    assert [version_at(hours) for hours in (0, 2, 3, 4)] == [1, 1, 1, 3]
    assert versions() == [3, 2, 1]  # what was scheduled stays written
    (taken_back,) = rule_book.withdrawn(db.session()).items()
    assert taken_back == (2, Withdrawal(4, "staff:zhou", "算错了", MORNING))
    in_force(terms(), MORNING + HOUR)
    assert versions() == [5, 3, 2, 1]
    assert [version_at(hours) for hours in (1, 3, 4)] == [5, 5, 3]


def test_what_follows_a_withdrawn_version_is_what_was_published_before_it(shop: Flask) -> None:
    in_force(terms(), MORNING)
    in_force(terms(), MORNING + 2 * HOUR)
    rule_book.withdraw(2)
    in_force(terms(), MORNING)
    assert [version_at(hours) for hours in (0, 2, 9)] == [4, 4, 4]


def test_the_first_version_of_a_shop_may_be_withdrawn(shop: Flask) -> None:
    in_force(terms(), MORNING + HOUR)
    rule_book.withdraw(1)
    assert version_at(9) is None


@pytest.mark.parametrize("seconds", [-1, 0, 60])
def test_what_has_begun_or_is_about_to_is_not_withdrawn(shop: Flask, seconds: int) -> None:
    in_force(terms(), MORNING - 24 * HOUR)
    clock.set(MORNING - HOUR)
    in_force(terms(), MORNING + timedelta(seconds=seconds))
    clock.set(MORNING)
    with pytest.raises(VersionStays, match="version 2 begins"):
        rule_book.withdraw(2)
    assert version_at(1) == 2
    assert rule_book.withdrawn(db.session()) == {}


def test_a_version_is_withdrawn_once_and_a_withdrawal_never(shop: Flask) -> None:
    in_force(terms(), MORNING)
    in_force(terms(), MORNING + HOUR)
    rule_book.withdraw(2)
    with pytest.raises(VersionStays):
        rule_book.withdraw(2)
    for number in (3, 9):
        with pytest.raises(NoSuchVersion):
            rule_book.withdraw(number)
    assert set(rule_book.withdrawn(db.session())) == {2}


def test_of_those_who_publish_and_withdraw_at_once_each_number_is_one_persons(shop: Flask) -> None:
    in_force(terms(), MORNING)
    in_force(terms(), MORNING + HOUR)
    db.session.rollback()
    start, refused = threading.Barrier(6), []

    def act(number: int) -> None:
        with shop.app_context():
            start.wait()
            try:
                if number % 2:
                    rule_book.withdraw(2)
                else:
                    in_force(terms(), MORNING + 2 * HOUR)
            except DomainError as error:
                refused.append(error.code)

    threads = [threading.Thread(target=act, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(refused) <= {"earning_rule_just_changed", "version_stays"}
    assert len(rule_book.withdrawn(db.session())) <= 1  # none where a publisher was first
    written = db.session.scalars(sa.select(EarningRule.version).order_by(EarningRule.version)).all()
    assert list(written) == [*range(1, 9 - len(refused))]
