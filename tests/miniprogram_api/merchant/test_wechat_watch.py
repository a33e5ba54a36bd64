"""WeChat's failures among what needs somebody, and at the check-up."""

import pytest
from flask import Flask

from miniprogram_api import doctor
from miniprogram_api.core.redis import connect, redis_client
from miniprogram_api.doctor import Light
from miniprogram_api.merchant import alerts
from miniprogram_api.merchant.alerts import Alert
from miniprogram_api.wechat.errors import LoginCodeInvalid, WeChatMisconfigured, WeChatUnavailable
from miniprogram_api.wechat.failures import Tally
from tests.office import Clerk
from tests.services.valkey import free_port

LOGIN, MESSAGE = "/sns/jscode2session", "/cgi-bin/message/subscribe/send"
CHECK = "微信接口 · WeChat calls"


def failed(path: str, times: int, problem: WeChatUnavailable | LoginCodeInvalid) -> None:
    for _ in range(times):
        Tally(redis_client).note(path, problem)


def refused(errcode: int) -> LoginCodeInvalid:
    problem = LoginCodeInvalid("no")
    problem.from_wechat(errcode, None)
    return problem


def test_failures_of_a_call_are_told_once_they_are_many(app: Flask) -> None:
    failed(LOGIN, 4, refused(40029))
    assert alerts.alerts() == []
    failed(LOGIN, 6, refused(40029))
    failed(LOGIN, 2, WeChatUnavailable("away"))
    assert alerts.alerts() == [
        Alert(
            "微信接口 code2Session 过去 1 小时失败 12 次（40029 登录凭证无效、连不上或繁忙）",
            "WeChat's code2Session failed 12 times within the last hour"
            " (40029 login code invalid, away or busy)",
            "/admin/doctor",
            is_grave=False,
            role="owner",
        )
    ]


def test_what_only_an_operator_can_mend_is_told_at_once_and_first(app: Flask) -> None:
    failed(LOGIN, 5, refused(40029))
    wrong = WeChatMisconfigured("no")
    wrong.from_wechat(48001, None)
    failed(MESSAGE, 1, wrong)
    first, second = alerts.alerts()
    assert (
        first.zh == "微信接口 subscribeMessage.send 过去 1 小时失败 1 次（48001 拒绝了我们的配置）"
    )
    assert (first.is_grave, second.is_grave) == (True, False)


def test_of_many_ways_to_fail_the_most_frequent_are_named(app: Flask) -> None:
    for times, errcode in ((4, 41008), (3, 40163), (2, 40029), (1, 40226)):
        failed(LOGIN, times, refused(errcode))
    [alert] = alerts.alerts()
    assert "（41008 登录凭证无效、40163 登录凭证无效、40029 登录凭证无效 …）" in alert.zh


def test_the_alert_leads_an_owner_to_the_check_up(app: Flask) -> None:
    failed(LOGIN, 5, refused(40029))
    owner = Clerk(app, "owner")
    assert 'href="/admin/doctor"' in owner.get("/admin/panels/alerts").text
    assert owner.get("/admin/doctor").status_code == 200
    manager = Clerk(app, "manager").get("/admin/panels/alerts").text
    assert "code2Session" in manager
    assert "/admin/doctor" not in manager
    found = doctor.examine_one(CHECK)
    assert found.light is Light.YELLOW
    assert found.finding.zh == "过去 1 小时失败：code2Session（40029 登录凭证无效）"


def test_few_failures_are_no_ailment(app: Flask) -> None:
    assert doctor.examine_one(CHECK).finding.zh == "过去 24 小时失败 0 次"
    failed(LOGIN, 4, refused(40029))
    found = doctor.examine_one(CHECK)
    assert (found.is_well, found.finding.en) == (True, "4 failed within 24 hours")


def test_while_redis_is_away_the_dashboard_says_that_it_cannot_tell(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "redis_client", connect(f"redis://127.0.0.1:{free_port()}"))
    assert "无法检查：wechat" in [alert.zh for alert in alerts.alerts()]
