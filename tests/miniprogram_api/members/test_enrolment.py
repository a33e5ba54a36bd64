import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.auth.models import MemberSession
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members import events
from miniprogram_api.members.enrolment import enrol_or_find
from miniprogram_api.members.login import Login, log_in
from miniprogram_api.members.models import Member, MemberIdentity
from miniprogram_api.members.rules import is_member_no
from miniprogram_api.members.services import close_account
from miniprogram_api.wechat.answers import WeChatSession

LI = WeChatSession("oLi-of-the-first-program-001", None)


@pytest.fixture
def enrolled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    told: list[int] = []
    monkeypatch.setattr(events.member_enrolled, "_handlers", [])
    events.member_enrolled.connect(lambda member_id, **_facts: told.append(member_id))
    return told


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    told: list[int] = []
    monkeypatch.setattr(events.member_closing, "_handlers", [])
    events.member_closing.connect(lambda **facts: told.append(facts["member_id"]))
    return told


def _count(model: type[Member | MemberIdentity | MemberSession]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def _crowd(app: Flask, identities: list[WeChatSession]) -> list[Login]:
    together = threading.Barrier(len(identities))

    def arrive(identity: WeChatSession) -> Login:
        with app.app_context():
            together.wait()
            return log_in(identity, "iphone")

    with ThreadPoolExecutor(len(identities)) as crowd:
        return list(crowd.map(arrive, identities))


def test_the_first_login_enrols(app: Flask, enrolled: list[int]) -> None:
    login = log_in(LI, "iphone")
    member = db.session.get_one(Member, login.member_id)
    assert login.is_new_member
    assert is_member_no(member.member_no)
    assert enrolled == [member.id]


def test_the_second_login_finds(app: Flask, enrolled: list[int]) -> None:
    first, second = log_in(LI, "iphone"), log_in(LI, "android")
    assert (second.member_id, second.is_new_member) == (first.member_id, False)
    assert len(enrolled) == 1
    assert _count(MemberSession) == 2


@pytest.mark.slow
def test_a_crowd_of_first_logins_enrols_one_member(app: Flask, enrolled: list[int]) -> None:
    logins = _crowd(app, [LI] * 32)
    assert len({login.member_id for login in logins}) == 1
    assert sum(login.is_new_member for login in logins) == 1
    assert len({login.session.access_token for login in logins}) == 32
    assert (_count(Member), _count(MemberIdentity), _count(MemberSession)) == (1, 1, 32)
    assert len(enrolled) == 1


@pytest.mark.slow
def test_a_crowd_of_strangers_enrols_each(app: Flask, enrolled: list[int]) -> None:
    logins = _crowd(app, [WeChatSession(f"oStranger-number-{n:011}") for n in range(24)])
    assert len({login.member_id for login in logins}) == 24
    assert all(login.is_new_member for login in logins)
    assert sorted(enrolled) == sorted(login.member_id for login in logins)


def test_an_error_above_enrols_nobody(app: Flask, enrolled: list[int]) -> None:
    def refuse(member_id: int, joined_at: object) -> None:
        raise RuntimeError("no welcome points today")

    events.member_enrolled.connect(refuse)
    with pytest.raises(RuntimeError):
        log_in(LI, "iphone")
    assert (_count(Member), _count(MemberIdentity), _count(MemberSession)) == (0, 0, 0)


def test_one_person_in_two_programs_is_one_member(app: Flask) -> None:
    first = log_in(WeChatSession("oLi-of-the-first-program-001", "uLi"), "iphone")
    with transaction() as session:  # as if the shop's other program had seen Li first
        session.execute(sa.update(MemberIdentity).values(appid="wx0000000000000009"))
    second = log_in(WeChatSession("oLi-of-the-second-program-02", "uLi"), "iphone")
    assert (second.member_id, second.is_new_member) == (first.member_id, False)
    assert _count(MemberIdentity) == 2


def test_a_unionid_that_becomes_known_is_kept(app: Flask) -> None:
    log_in(LI, "iphone")
    log_in(WeChatSession(LI.openid, "uLi"), "iphone")
    log_in(LI, "iphone")
    assert db.session.scalars(sa.select(MemberIdentity.unionid)).all() == ["uLi"]


def test_a_login_does_not_merge_two_members(app: Flask) -> None:
    li, wang = (
        log_in(LI, "iphone"),
        log_in(WeChatSession("oWang-of-the-first-program-1", "uW"), "x"),
    )
    again = log_in(WeChatSession(LI.openid, "uW"), "iphone")
    assert again.member_id == li.member_id != wang.member_id
    unionids = db.session.scalars(sa.select(MemberIdentity.unionid).order_by(MemberIdentity.id))
    assert unionids.all() == [None, "uW"]


def test_who_closed_the_account_enrols_anew(
    app: Flask, enrolled: list[int], closing: list[int]
) -> None:
    first = log_in(LI, "iphone")
    close_account(first.member_id)
    second = log_in(LI, "iphone")
    assert second.is_new_member
    assert enrolled == [first.member_id, second.member_id]
    assert closing == [first.member_id]


@pytest.mark.slow
def test_logins_while_the_account_is_closed_end_on_one_open_member(
    app: Flask, closing: list[int]
) -> None:
    first = log_in(LI, "iphone")
    together = threading.Barrier(17)

    def close() -> None:
        with app.app_context():
            together.wait()
            close_account(first.member_id)

    def arrive(_number: int) -> Login:
        with app.app_context():
            together.wait()
            return log_in(LI, "iphone")

    with ThreadPoolExecutor(17) as crowd:
        closed = crowd.submit(close)
        logins = list(crowd.map(arrive, range(16)))
        closed.result()
    db.session.rollback()
    alive = db.session.scalars(
        sa.select(MemberSession.member_id).where(MemberSession.ended_at.is_(None))
    ).all()
    after = [login for login in logins if login.member_id != first.member_id]
    assert sorted(alive) == sorted(login.member_id for login in after)
    assert len({login.member_id for login in after}) <= 1
    assert sum(login.is_new_member for login in after) == (1 if after else 0)


def test_enrolment_asks_for_a_transaction(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="inside"):
        enrol_or_find(LI)
