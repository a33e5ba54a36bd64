"""Finding members by name, phone and number; newest first, a page at a time."""

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members import services
from miniprogram_api.members.models import Member, NameTail
from miniprogram_api.members.rules import new_member_no
from miniprogram_api.members.search import Standing, Way, find, way_of
from miniprogram_api.risk import blocks
from miniprogram_api.risk.subjects import Kind


def enrolled(nickname: str | None = None, phone: str | None = None) -> int:
    with transaction() as session:
        member = Member(member_no=new_member_no(), joined_at=now())
        session.add(member)
        session.flush()
        member_id = member.id
    if nickname is not None:
        services.update_profile(member_id, {"nickname": nickname})
    if phone is not None:
        services._bind(member_id, phone)
    return member_id


def ids(term: str = "", **how: object) -> list[int]:
    db.session.rollback()
    return [member.id for member in find(term, **how).members]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("term", "way"),
    [
        ("8012345678901239", Way.NAME),  # a wrong check digit
        ("8000000000000003", Way.NUMBER),
        ("80 0000 0000 0000 03", Way.NUMBER),
        ("13800138000", Way.PHONE),
        ("138 0013 8000", Way.PHONE),
        ("+447911123456", Way.PHONE),
        ("5991", Way.LAST4),
        ("599", Way.NAME),
        ("小丽", Way.NAME),
        ("１２３４", Way.NAME),  # other people's digits
    ],
)
def test_a_term_is_read_by_its_form(term: str, way: Way) -> None:
    assert way_of(term) is way


def test_a_name_is_found_by_its_beginning_middle_and_end(app: Flask) -> None:
    li = enrolled("王小丽")
    enrolled("张伟")
    assert [ids(part) for part in ("王", "王小", "小丽", "丽", "王小丽")] == [[li]] * 5
    assert [ids(part) for part in ("王丽", "丽小", "王小丽丽")] == [[]] * 3


def test_small_and_capital_letters_are_alike(app: Flask) -> None:
    eva = enrolled("Eva Longoria")
    assert [ids(part) for part in ("EVA", "long", "a L", "eva  longoria")] == [[eva]] * 4


def test_a_sign_that_stands_twice_in_a_name_shows_its_member_once(app: Flask) -> None:
    twice = enrolled("丽丽")
    assert ids("丽") == [twice]


def test_signs_that_mean_something_in_sql_mean_themselves(app: Flask) -> None:
    member = enrolled("100%_好")
    enrolled("100个好")
    assert (ids("%"), ids("_"), ids("100%")) == ([member], [member], [member])


def test_a_new_name_is_found_and_the_old_one_is_not(app: Flask) -> None:
    member = enrolled("王小丽")
    services.update_profile(member, {"nickname": "李大壮"})
    assert (ids("小丽"), ids("大壮")) == ([], [member])
    services.update_profile(member, {"nickname": None})
    assert ids("大壮") == []


def test_a_whole_phone_finds_one_and_its_end_finds_all_alike(app: Flask) -> None:
    first = enrolled(phone="+8613800135991")
    second = enrolled(phone="+8613900005991")
    abroad = enrolled(phone="+447911123456")
    assert ids("13800135991") == [first]
    assert ids("+86 138-0013-5991") == [first]
    assert ids("5991") == [second, first]
    assert ids("+447911123456") == [abroad]
    assert ids("13800135990") == []


def test_a_member_number_finds_its_member(app: Flask) -> None:
    member = enrolled()
    enrolled()
    number = db.session.scalars(sa.select(Member.member_no).filter_by(id=member)).one()
    assert ids(number) == [member]


def test_the_caller_may_say_what_a_term_is(app: Flask) -> None:
    named = enrolled("5991")
    phoned = enrolled(phone="+8613800135991")
    assert ids("5991") == [phoned]
    assert ids("5991", way=Way.NAME) == [named]


def test_pages_go_on_where_the_last_ended_whoever_joins_meanwhile(app: Flask) -> None:
    first, second, third = (enrolled("小丽") for _ in range(3))
    page = find("小丽", limit=2)
    assert [member.id for member in page.members] == [third, second]
    assert page.next_before_id == second
    enrolled("小丽")
    rest = find("小丽", limit=2, before_id=page.next_before_id)
    assert [member.id for member in rest.members] == [first]
    assert rest.next_before_id is None


def test_a_page_that_ends_with_the_list_says_so(app: Flask) -> None:
    first, second = enrolled(), enrolled()
    page = find(limit=2)
    assert [member.id for member in page.members] == [second, first]
    assert page.next_before_id is None


def test_a_list_shows_open_closed_or_blocked_members(app: Flask) -> None:
    good, gone, bad = enrolled("小丽"), enrolled("小丽"), enrolled("小丽")
    services.close_account(gone)
    blocks.block(Kind.MEMBER, str(bad), reason="sells draws", actor="staff:1")
    assert ids() == [bad, gone, good]
    assert ids(standing=Standing.OPEN) == [bad, good]
    assert ids(standing=Standing.CLOSED) == [gone]
    assert ids(standing=Standing.BLOCKED) == [bad]
    assert ids("小丽", standing=Standing.OPEN) == [bad, good]
    assert ids("小丽", standing=Standing.BLOCKED) == [bad]
    assert ids("小丽", standing=Standing.CLOSED) == []


def test_nothing_of_a_name_stays_when_its_account_is_closed(app: Flask) -> None:
    member = enrolled("王小丽", phone="+8613800135991")
    services.close_account(member)
    assert db.session.scalars(sa.select(NameTail.tail)).all() == []
    assert (ids("小丽"), ids("5991"), ids("13800135991")) == ([], [], [])
