"""Finding members by the last four digits of their phone, without a phone in clear anywhere."""

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import db, transaction
from miniprogram_api.members import services
from miniprogram_api.members.accounts import members_by_last4
from miniprogram_api.members.models import Member
from tests.builders import enrolled_member


def bind(openid: str, phone: str) -> int:
    member_id = enrolled_member(openid)
    services._bind(member_id, phone)
    return member_id


def carry_out(statement: sa.Update) -> None:
    with transaction() as session:
        session.execute(statement)


def found(last4: str, at_most: int = 10) -> list[int]:
    db.session.rollback()
    return [member.id for member in members_by_last4(last4, at_most)]


def test_members_are_found_whose_phone_ends_so(app: Flask) -> None:
    first = bind("oFirst-member-0000000000001", "+8613800135991")
    second = bind("oSecond-member-000000000002", "+8613900005991")
    bind("oThird-member-0000000000003", "+8613900001234")
    assert found("5991") == [first, second]
    assert found("5991", at_most=1) == [first]
    assert found("0000") == []


def test_the_index_is_keyed_and_follows_the_phone(app: Flask) -> None:
    member = bind("oFirst-member-0000000000001", "+8613800135991")
    kept = db.session.scalars(sa.select(Member.phone_last4_index)).one()
    assert kept is not None
    assert (len(kept), "5991" in kept) == (64, False)
    services._bind(member, "+8613800131234")
    assert (found("5991"), found("1234")) == ([], [member])


def test_a_closed_account_is_found_no_more(app: Flask) -> None:
    member = bind("oFirst-member-0000000000001", "+8613800135991")
    services.close_account(member)
    assert found("5991") == []
    assert db.session.scalars(sa.select(Member.phone_last4_index)).one() is None


def test_phones_that_were_bound_before_are_indexed_with_the_change_of_keys(app: Flask) -> None:
    member = bind("oFirst-member-0000000000001", "+8613800135991")
    carry_out(sa.update(Member).values(phone_last4_index=None))
    assert found("5991") == []
    assert services.reseal_phones() == (1, None)
    assert services.reseal_phones() == (0, None)
    assert found("5991") == [member]


def test_an_index_without_a_phone_is_refused_by_the_database(app: Flask) -> None:
    member = bind("oFirst-member-0000000000001", "+8613800135991")
    nobody = {"phone_sealed": None, "phone_index": None}
    unbind = sa.update(Member).where(Member.id == member).values(**nobody)
    with pytest.raises(sa.exc.IntegrityError):
        carry_out(unbind)
