"""WeChat hears what every purchase earned, once it can be heard; a refusal is final and seen."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from miniprogram_api.doctor import Ailing
from miniprogram_api.jobs.models import Job
from miniprogram_api.members.services import close_account
from points_mall.business_circle import syncing
from points_mall.business_circle.errors import NoSuchSync
from points_mall.business_circle.health import circle_check
from tests.builders import enrolled_member
from tests.miniprogram_api.wechat.pay_stub import APPID, PayStub
from tests.points_mall.business_circle.mall import BOUGHT, POINTS, bought, hear, run, sync_of, syncs

TOLD = {
    "transaction_id": "42001",
    "appid": APPID,
    "openid": "oAnna",
    "earn_points": True,
    "increased_points": 88,
    "points_update_time": "2026-11-21T12:00:00+08:00",
}


def told(wechat_pay: PayStub) -> list[object]:
    return [asked.body for asked in wechat_pay.asked if asked.path == POINTS]


def test_wechat_is_told_by_a_job(mall: Flask, wechat_pay: PayStub) -> None:
    enrolled_member("oAnna")
    hear((BOUGHT, bought()), (BOUGHT, bought("42002")))
    assert told(wechat_pay) == []
    jobs = db.session.scalar(sa.select(sa.func.count(Job.id)).filter_by(name=syncing.SYNC))
    assert jobs == 1
    clock.advance(timedelta(seconds=1))
    run(syncing.SYNC)
    assert told(wechat_pay) == [TOLD, {**TOLD, "transaction_id": "42002"}]
    assert [one[-1] for one in syncs()] == ["done", "done"]
    assert syncing.tell_due() == 0


def test_nothing_earned_is_told_with_its_reason(mall: Flask, wechat_pay: PayStub) -> None:
    hear((BOUGHT, bought()))
    assert syncing.tell_due() == 1
    assert told(wechat_pay) == [
        {**TOLD, "earn_points": False, "increased_points": 0, "no_points_remarks": "还不是会员"}
    ]


@pytest.mark.parametrize("trouble", ["busy", "probe", "drop", "limit", "sign"])
def test_what_wechat_did_not_take_is_told_again_in_the_same_words(
    mall: Flask, wechat_pay: PayStub, trouble: str
) -> None:
    enrolled_member("oAnna")
    hear((BOUGHT, bought()))
    wechat_pay.probes_answers = trouble == "probe"
    wechat_pay.drops_connection = trouble == "drop"
    for status, code, kind in (
        (500, "SYSTEM_ERROR", "busy"),
        (429, "FREQUENCY_LIMITED", "limit"),
        (401, "SIGN_ERROR", "sign"),
    ):
        if kind == trouble:
            wechat_pay.refuse(POINTS, status, code)
    assert syncing.tell_due() == 0
    assert (sync_of().state, sync_of().attempts) == ("due", 1)
    assert syncing.tell_due() == 0  # it is not its turn yet
    wechat_pay.probes_answers = wechat_pay.drops_connection = False
    wechat_pay.answer(POINTS, None, 204)
    clock.advance(timedelta(seconds=15))
    assert syncing.tell_due() == 1
    assert told(wechat_pay) == [TOLD, TOLD]
    assert (sync_of().state, sync_of().attempts) == ("done", 2)


def test_the_waits_grow_to_an_hour_and_end_after_a_week(mall: Flask, wechat_pay: PayStub) -> None:
    enrolled_member("oAnna")
    hear((BOUGHT, bought()))
    wechat_pay.refuse(POINTS, 500, "SYSTEM_ERROR")
    waits = []
    for _ in range(6):
        asked_at = sync_of().due_at
        clock.set(asked_at)
        syncing.tell_due()
        waits.append((sync_of().due_at - asked_at).total_seconds())
    assert waits == [15, 60, 240, 960, 3600, 3600]
    clock.advance(timedelta(days=7))
    assert syncing.tell_due() == 1
    assert sync_of().state == "refused"


def test_while_wechat_is_away_the_rest_waits(mall: Flask, wechat_pay: PayStub) -> None:
    enrolled_member("oAnna")
    hear(*[(BOUGHT, bought(f"42{number:03}")) for number in range(45)])
    wechat_pay.refuse(POINTS, 500, "SYSTEM_ERROR")
    syncing.tell_due()
    assert len(told(wechat_pay)) == 20


@pytest.mark.parametrize("code", ["PARAM_ERROR", "INVALID_REQUEST", "RESOURCE_NOT_EXISTS"])
def test_a_refusal_is_final_and_seen(mall: Flask, wechat_pay: PayStub, code: str) -> None:
    enrolled_member("oAnna")
    hear((BOUGHT, bought()))
    wechat_pay.refuse(POINTS, 404 if code == "RESOURCE_NOT_EXISTS" else 400, code)
    assert syncing.tell_due() == 1
    clock.advance(timedelta(days=1))
    assert syncing.tell_due() == 0
    assert sync_of().state == "refused"
    assert code in str(sync_of().error)
    with pytest.raises(Ailing, match="refuses 1 points syncs"):
        circle_check()


def test_a_refused_sync_may_be_tried_again_by_hand(mall: Flask, wechat_pay: PayStub) -> None:
    enrolled_member("oAnna")
    hear((BOUGHT, bought()))
    wechat_pay.refuse(POINTS, 400, "PARAM_ERROR")
    syncing.tell_due()
    wechat_pay.answer(POINTS, None, 204)
    syncing.try_again("42001")
    run(syncing.SYNC)
    assert (sync_of().state, sync_of().error) == ("done", None)
    with pytest.raises(NoSuchSync):
        syncing.try_again("42001")
    with pytest.raises(NoSuchSync):
        syncing.try_again("never")


def test_nobody_is_told_of_after_the_account_is_closed(mall: Flask, wechat_pay: PayStub) -> None:
    anna = enrolled_member("oAnna")
    hear((BOUGHT, bought()))
    close_account(anna)
    assert syncing.tell_due() == 0
    assert told(wechat_pay) == []
    assert (sync_of().state, sync_of().openid) == ("ended", None)


def test_a_sync_under_way_is_left_to_who_has_it(mall: Flask, wechat_pay: PayStub) -> None:
    enrolled_member("oAnna")
    hear((BOUGHT, bought()))
    assert len(syncing._take()) == 1  # and then the process dies
    assert syncing.tell_due() == 0
    clock.advance(timedelta(minutes=5))
    assert syncing.tell_due() == 1
    assert told(wechat_pay) == [TOLD]


def test_many_workers_tell_of_each_purchase_once(mall: Flask, wechat_pay: PayStub) -> None:
    enrolled_member("oAnna")
    hear(*[(BOUGHT, bought(f"42{number:03}")) for number in range(60)])

    def work() -> None:
        with mall.app_context():
            syncing.tell_due()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [asked.body["transaction_id"] for asked in wechat_pay.asked]
    assert sorted(numbers) == [f"42{number:03}" for number in range(60)]
    assert {one[-1] for one in syncs()} == {"done"}


def test_the_doctor_is_content_while_nothing_waits_long(mall: Flask) -> None:
    assert circle_check().en == "0 points syncs due, none refused"
    hear((BOUGHT, bought()))
    assert circle_check().en == "1 points syncs due, none refused"
    clock.advance(timedelta(minutes=31))
    with pytest.raises(Ailing, match="1 points syncs wait"):
        circle_check()
