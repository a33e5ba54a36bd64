"""What a mall tells WeChat Pay's business circle, and asks of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from miniprogram_api.wechat.errors import WeChatNonsense, WeChatRefused
from miniprogram_api.wechat.pay import PayClient
from miniprogram_api.wechat.pay_answers import CircleAuthorization
from tests.miniprogram_api.wechat.pay_stub import APPID, PayStub

POINTS = "/v3/businesscircle/points/notify"
PARKINGS = "/v3/businesscircle/parkings"
ANNA = "/v3/businesscircle/user-authorizations/oAnna"
AT = datetime(2026, 11, 21, 2, 0, 5, tzinfo=UTC)
SYNC: dict[str, Any] = {"transaction_id": "42009", "openid": "oAnna", "updated_at": AT}


def test_earned_points_are_told(wxpay: PayClient, pay_stub: PayStub) -> None:
    pay_stub.answer(POINTS, None, 204)
    wxpay.sync_points(**SYNC, points=88, total_points=1288, remark="not told with points")
    assert pay_stub.last.body == {
        "transaction_id": "42009",
        "appid": APPID,
        "openid": "oAnna",
        "earn_points": True,
        "increased_points": 88,
        "points_update_time": "2026-11-21T10:00:05+08:00",
        "total_points": 1288,
    }


def test_that_nothing_was_earned_is_told_too(wxpay: PayClient, pay_stub: PayStub) -> None:
    pay_stub.answer(POINTS, None, 204)
    wxpay.sync_points(**SYNC, points=0, total_points=0, remark="还不是会员" * 40)
    assert pay_stub.last.body == {
        "transaction_id": "42009",
        "appid": APPID,
        "openid": "oAnna",
        "earn_points": False,
        "increased_points": 0,
        "points_update_time": "2026-11-21T10:00:05+08:00",
        "no_points_remarks": ("还不是会员" * 40)[:128],
        "total_points": 0,
    }


def test_a_refused_sync_is_final(wxpay: PayClient, pay_stub: PayStub) -> None:
    pay_stub.refuse(POINTS, 400, "INVALID_REQUEST")
    with pytest.raises(WeChatRefused) as refused:
        wxpay.sync_points(**SYNC, points=1)
    assert refused.value.pay_code == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"authorize_state": "UNAUTHORIZED"}, ("UNAUTHORIZED", None, None)),
        (
            {"authorize_state": "AUTHORIZED", "authorize_time": "2026-11-21T10:00:05+08:00"},
            ("AUTHORIZED", AT, None),
        ),
        (
            {
                "authorize_state": "DEAUTHORIZED",
                "authorize_time": "2026-11-20T10:00:05+08:00",
                "deauthorize_time": "2026-11-21T10:00:05+08:00",
            },
            ("DEAUTHORIZED", datetime(2026, 11, 20, 2, 0, 5, tzinfo=UTC), AT),
        ),
    ],
)
def test_the_authorisation_of_a_shopper_is_asked(
    wxpay: PayClient,
    pay_stub: PayStub,
    told: dict[str, str],
    expected: tuple[Any, ...],
) -> None:
    pay_stub.answer(ANNA, {"openid": "oAnna", **told})
    assert wxpay.authorization("oAnna") == CircleAuthorization("oAnna", *expected)
    assert pay_stub.last.path == f"{ANNA}?appid={APPID}"


def test_an_unknown_state_of_authorisation_is_not_believed(
    wxpay: PayClient, pay_stub: PayStub
) -> None:
    pay_stub.answer(ANNA, {"openid": "oAnna", "authorize_state": "MAYBE"})
    with pytest.raises(WeChatNonsense):
        wxpay.authorization("oAnna")


def test_whether_points_wait_to_be_claimed_is_asked(wxpay: PayClient, pay_stub: PayStub) -> None:
    path = "/v3/businesscircle/users/oAnna/points/commit_status"
    pay_stub.answer(path, {"points_commit_status": "PENDING"})
    assert wxpay.commit_status("oAnna", 1000) == "PENDING"
    assert pay_stub.last.path == f"{path}?brandid=1000&appid={APPID}"


def test_a_car_with_a_chinese_plate_drives_in(wxpay: PayClient, pay_stub: PayStub) -> None:
    pay_stub.answer(PARKINGS, None, 204)
    wxpay.report_parking(openid="oAnna", brand_id=1000, plate_number="粤B888888", state="IN", at=AT)
    assert pay_stub.last.body == {
        "brandid": 1000,
        "appid": APPID,
        "openid": "oAnna",
        "plate_number": "粤B888888",
        "state": "IN",
        "time": "2026-11-21T10:00:05+08:00",
    }


def test_a_lone_surrogate_does_not_break_the_signature(wxpay: PayClient, pay_stub: PayStub) -> None:
    pay_stub.answer(POINTS, None, 204)
    wxpay.sync_points(**SYNC, points=0, remark="bad \ud800 letter")
    assert pay_stub.last.body["no_points_remarks"] == "bad ? letter"
