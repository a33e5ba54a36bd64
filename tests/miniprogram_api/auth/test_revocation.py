import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.auth import revocation
from miniprogram_api.auth.models import MemberSession
from miniprogram_api.auth.revocation import Revocations, is_revoked, remember
from miniprogram_api.auth.services import end_all_sessions, end_session
from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.login import log_in
from miniprogram_api.wechat.answers import WeChatSession

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"REVOCATION_POLL_SECONDS": 0.05, "LOGIN_OPENID_PER_MINUTE": 0}


@pytest.fixture
def session_ids(app: Flask) -> list[int]:
    """Three sessions of one member."""
    clock.set(NOON)
    for _login in range(3):
        log_in(WeChatSession("oLi-who-shops-on-Saturdays-01"), "other")
    return list(db.session.scalars(sa.select(MemberSession.id).order_by(MemberSession.id)))


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "revocations"]


def _fresh(app: Flask) -> Revocations:
    known = Revocations(app)
    known.refresh()
    return known


def test_an_ended_session_is_known_here_at_once(session_ids: list[int]) -> None:
    first, second, third = session_ids
    end_session(first)
    assert [is_revoked(one) for one in session_ids] == [True, False, False]
    end_all_sessions(1)
    assert [is_revoked(one) for one in (first, second, third)] == [True, True, True]


def test_what_is_rolled_back_was_not_ended(session_ids: list[int]) -> None:
    def end_in_vain() -> None:
        with transaction():
            end_session(session_ids[0])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        end_in_vain()
    assert not is_revoked(session_ids[0])


def test_a_session_ends_once(session_ids: list[int]) -> None:
    end_session(session_ids[0])
    clock.advance(timedelta(minutes=1))
    end_all_sessions(1)
    ended = db.session.scalars(sa.select(MemberSession.ended_at).order_by(MemberSession.id)).all()
    assert ended == [NOON, NOON + timedelta(minutes=1), NOON + timedelta(minutes=1)]


def test_only_tokens_that_still_live_are_remembered(app: Flask, session_ids: list[int]) -> None:
    end_all_sessions(1)
    known = _fresh(app)
    assert len(known._ended) == 3
    clock.advance(timedelta(seconds=7200))
    known.refresh()
    assert known._ended == {}
    assert _fresh(app)._ended == {}


def test_a_commit_that_comes_late_is_not_overlooked(app: Flask, session_ids: list[int]) -> None:
    known = _fresh(app)
    with transaction() as session:  # it took its time at another process and commits only now
        session.execute(sa.update(MemberSession).values(ended_at=NOON - timedelta(seconds=30)))
    known.refresh()
    assert len(known._ended) == 3


def test_one_thread_a_process_however_many_ask(app: Flask, session_ids: list[int]) -> None:
    together = threading.Barrier(16)

    def ask() -> None:
        with app.app_context():
            together.wait()
            is_revoked(session_ids[0])

    crowd = [threading.Thread(target=ask) for _number in range(16)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert len(_threads()) == 1
    revocation.stop(app)
    assert _threads() == []


def test_a_forked_process_starts_its_own(
    app: Flask, session_ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_revoked(session_ids[0])
    with monkeypatch.context() as as_child:
        as_child.setattr("os.getpid", lambda: 999_999_999)
        remember([(session_ids[1], NOON + timedelta(hours=2))])
        assert is_revoked(session_ids[1])
        assert len(_threads()) == 2
        revocation.stop(app)
    assert not is_revoked(session_ids[1])


def test_a_thread_that_meets_an_error_goes_on(
    app: Flask, session_ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_revoked(session_ids[0])
    known, looks = revocation._known(), []

    def fail() -> None:
        looks.append(1)
        raise RuntimeError("out of order")

    monkeypatch.setattr(known, "refresh", fail)
    deadline = time.monotonic() + 5
    while len(looks) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(looks) >= 3


def test_the_thread_ends_with_its_application(app: Flask) -> None:
    known = Revocations(app)
    known._app = lambda: None  # type: ignore[assignment]
    thread = threading.Thread(target=known._keep_fresh, args=(0.01,))
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
