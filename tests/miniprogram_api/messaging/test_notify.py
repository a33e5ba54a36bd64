import threading
from datetime import timedelta

import pytest
import requests
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs.engine import run_due, run_next
from miniprogram_api.jobs.models import Job, JobState
from miniprogram_api.jobs.services import retry
from miniprogram_api.members.models import MemberIdentity
from miniprogram_api.messaging import opt_in
from miniprogram_api.messaging.kinds import UnknownKind
from miniprogram_api.messaging.models import MessageState, SentMessage
from miniprogram_api.messaging.services import Notice, forget_old_messages, notify, notify_many
from tests.builders import shanghai
from tests.miniprogram_api.messaging.conftest import (
    OPENID,
    OTHER_TEMPLATE,
    TEMPLATE,
    TEN,
    Told,
)
from tests.services.wechat import Simulator

FIELDS = {"points": 120, "day": "2026-12-01"}
SEND = "/cgi-bin/message/subscribe/send"


def accept(member_id: int, count: int = 1, template_id: str = TEMPLATE) -> None:
    for number in range(count):
        with transaction():
            opt_in.report(member_id, [template_id], source=f"{template_id}:{number}")


def accept_everywhere(simulator: Simulator, member_id: int, count: int = 1) -> None:
    """In WeChat and here."""
    accept(member_id, count)
    for _ in range(count):
        with simulator.world.lock:
            simulator.world.accept(OPENID, TEMPLATE)


def tell(member_id: int, reference: str = "december", kind: str = "test_expiring") -> bool:
    with transaction():
        return notify(member_id, kind, FIELDS, reference)


def received(simulator: Simulator) -> list[dict[str, object]]:
    answer = requests.get(f"{simulator.url}/_sim/messages?openid={OPENID}", timeout=10)
    items: list[dict[str, object]] = answer.json()["items"]
    return items


def states() -> list[tuple[str, int | None]]:
    db.session.rollback()
    query = sa.select(SentMessage.state, SentMessage.errcode).order_by(SentMessage.id)
    return [(state, errcode) for state, errcode in db.session.execute(query)]


def send_job() -> Job:
    db.session.rollback()
    return db.session.scalars(
        sa.select(Job).order_by(Job.id.desc()).limit(1).execution_options(populate_existing=True)
    ).one()


def left(member_id: int) -> int:
    db.session.rollback()
    return opt_in.quotas(member_id)["test_expiring"]


def test_a_notice_is_sent_to_who_asked_for_it(member_id: int, simulator: Simulator) -> None:
    accept_everywhere(simulator, member_id)
    assert tell(member_id) is True
    assert run_due() == 1
    [message] = received(simulator)
    assert message["template_id"] == TEMPLATE
    assert states() == [(MessageState.SENT, None)]
    assert left(member_id) == 0


def test_who_did_not_ask_is_not_told(member_id: int, simulator: Simulator) -> None:
    assert tell(member_id) is False
    assert run_due() == 0
    assert simulator.seen(SEND) == []


def test_the_same_notice_is_not_sent_twice(member_id: int, simulator: Simulator) -> None:
    accept_everywhere(simulator, member_id, 2)
    assert tell(member_id) is True
    assert tell(member_id) is False
    run_due()
    with transaction() as session:
        session.execute(sa.delete(Job))
    assert tell(member_id) is True  # its job is long purged, its message is not forgotten
    assert run_due() == 1
    assert len(received(simulator)) == 1
    assert left(member_id) == 1


def test_a_fact_that_is_rolled_back_tells_nobody(member_id: int) -> None:
    accept(member_id)

    def tell_and_fail() -> None:
        with transaction():
            notify(member_id, "test_expiring", FIELDS, "december")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tell_and_fail()
    assert run_due() == 0


def test_at_night_a_notice_waits_for_the_morning(member_id: int, simulator: Simulator) -> None:
    accept_everywhere(simulator, member_id)
    clock.set(shanghai("2026-11-21 23:30"))
    tell(member_id)
    assert send_job().due_at == shanghai("2026-11-22 08:00")
    assert run_due() == 0
    clock.set(shanghai("2026-11-22 08:00"))
    assert run_due() == 1
    assert states() == [(MessageState.SENT, None)]


def test_a_notice_whose_job_comes_at_night_waits_without_an_attempt(
    member_id: int, simulator: Simulator
) -> None:
    accept_everywhere(simulator, member_id)
    tell(member_id)
    clock.set(shanghai("2026-11-22 02:00"))
    assert run_due() == 1
    job = send_job()
    assert (job.state, job.attempts, job.due_at) == (
        JobState.QUEUED,
        0,
        shanghai("2026-11-22 08:00"),
    )
    assert states() == [(MessageState.DEFERRED, None)]
    assert left(member_id) == 1


def test_the_third_notice_of_a_day_waits_for_the_next(member_id: int, simulator: Simulator) -> None:
    accept_everywhere(simulator, member_id, 3)
    for number in range(3):
        tell(member_id, f"notice {number}")
    run_due()
    assert len(received(simulator)) == 2
    assert send_job().due_at == shanghai("2026-11-22 08:00")
    clock.set(shanghai("2026-11-22 08:00"))
    run_due()
    assert len(received(simulator)) == 3


def test_a_refusal_by_wechat_is_final_and_leaves_nothing(
    member_id: int, simulator: Simulator
) -> None:
    simulator.control("users", openid=OPENID)
    accept(member_id, 2)  # WeChat knows nothing of it
    tell(member_id)
    assert run_due() == 1
    assert states() == [(MessageState.REFUSED, 43101)]
    assert send_job().state == JobState.DONE
    assert left(member_id) == 0


def test_an_openid_that_wechat_does_not_know_is_not_tried_again(
    member_id: int, simulator: Simulator
) -> None:
    accept(member_id)
    tell(member_id)
    assert run_due() == 1
    assert states() == [(MessageState.FAILED, 40003)]
    assert send_job().state == JobState.DONE
    assert left(member_id) == 1


def test_while_wechat_is_away_the_notice_is_tried_again(
    member_id: int, simulator: Simulator
) -> None:
    accept_everywhere(simulator, member_id)
    simulator.fault("http_error", path=SEND, times=1, status=502)
    tell(member_id)
    assert run_due() == 1
    assert states() == [(MessageState.DEFERRED, None)]
    job = send_job()
    assert (job.state, job.attempts) == (JobState.QUEUED, 1)
    clock.set(job.due_at)
    assert run_due() == 1
    assert states() == [(MessageState.SENT, None)]
    assert len(received(simulator)) == 1


def test_a_wrong_template_is_for_an_operator_who_mends_it_and_retries(
    member_id: int, simulator: Simulator
) -> None:
    accept_everywhere(simulator, member_id)
    simulator.control("templates", template_id="another", title="Another", fields={})
    tell(member_id)
    for _ in range(5):
        run_due()
        clock.set(max(send_job().due_at, TEN))
    assert send_job().state == JobState.BURIED
    assert states() == [(MessageState.FAILED, 40037)]
    assert left(member_id) == 1
    simulator.control(
        "templates",
        template_id=TEMPLATE,
        title="Expiring",
        fields={"number1": "points", "date2": "day"},
    )
    retry()
    assert run_due() == 1
    assert states() == [(MessageState.SENT, None)]


def test_a_member_without_an_openid_cannot_be_told(member_id: int, simulator: Simulator) -> None:
    accept(member_id)
    tell(member_id)
    with transaction() as session:
        session.execute(sa.delete(MemberIdentity))
    assert run_due() == 1
    assert states() == [(MessageState.FAILED, None)]
    assert send_job().state == JobState.DONE


def test_a_message_that_did_not_arrive_is_marked(
    member_id: int, simulator: Simulator, told: Told
) -> None:
    accept_everywhere(simulator, member_id)
    tell(member_id)
    run_due()
    number = db.session.scalars(sa.select(SentMessage.wechat_message_id)).one()
    assert number is not None
    with transaction():
        opt_in.hear(
            told("subscribe_msg_sent_event", MsgID=number, ErrorCode="20003", ErrorStatus="failed")
        )
    assert states() == [(MessageState.FAILED, 20003)]


def test_eight_senders_at_once_keep_the_days_allowance(
    app: Flask, member_id: int, simulator: Simulator
) -> None:
    accept_everywhere(simulator, member_id, 8)
    for number in range(8):
        tell(member_id, f"notice {number}")
    start = threading.Barrier(8)

    def sender() -> None:
        with app.app_context():
            start.wait()
            run_next()

    threads = [threading.Thread(target=sender) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_due()
    assert len(received(simulator)) == 2
    assert left(member_id) == 6


def test_many_are_told_in_a_constant_number_of_statements(member_id: int) -> None:
    accept(member_id)
    notices = [Notice(member_id + n, FIELDS, "december") for n in range(300)]
    statements: list[str] = []
    with transaction():
        sa.event.listen(
            db.engine, "before_cursor_execute", lambda *facts: statements.append(facts[2])
        )
        assert notify_many("test_expiring", notices) == 1
        assert notify_many("test_expiring", []) == 0
    assert len(statements) == 2


def test_an_unknown_kind_is_refused_at_once(member_id: int) -> None:
    with pytest.raises(UnknownKind):
        tell(member_id, kind="never registered")


def test_old_records_are_forgotten(member_id: int, simulator: Simulator) -> None:
    accept_everywhere(simulator, member_id)
    tell(member_id)
    run_due()
    clock.advance(timedelta(days=180))
    assert forget_old_messages() == 0
    clock.advance(timedelta(seconds=1))
    assert forget_old_messages() == 1


class TestOnALaptop:
    @pytest.fixture
    def app_settings(self, simulator: Simulator) -> dict[str, object]:
        return {"WX_OPEN_BASE": simulator.url, "MESSAGE_CHANNEL": "console"}

    def test_the_log_shows_what_a_member_would_read_and_no_openid(
        self, member_id: int, simulator: Simulator, caplog: pytest.LogCaptureFixture
    ) -> None:
        accept(member_id, template_id="test_expiring")
        tell(member_id)
        assert run_due() == 1
        shown = caplog.text
        assert "您有 120 积分将于 2026-12-01 过期" in shown
        assert OPENID not in shown
        assert states() == [(MessageState.SENT, None)]
        assert simulator.seen(SEND) == []


class TestWithTheNullChannel:
    @pytest.fixture
    def app_settings(self, simulator: Simulator) -> dict[str, object]:
        return {"WX_OPEN_BASE": simulator.url, "MESSAGE_CHANNEL": "null"}

    def test_everything_is_recorded_and_nothing_leaves(
        self, member_id: int, simulator: Simulator
    ) -> None:
        accept(member_id, template_id="test_expiring")
        tell(member_id)
        assert run_due() == 1
        assert states() == [(MessageState.SENT, None)]
        assert simulator.seen() == []


def test_another_templates_acceptance_is_another_templates(member_id: int) -> None:
    accept(member_id, template_id=OTHER_TEMPLATE)
    assert tell(member_id) is False
    assert tell(member_id, kind="test_reminder") is True
