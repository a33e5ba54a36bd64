"""What the client gives its callers, and how it meets WeChat's refusals."""

import pytest

from miniprogram_api.wechat.answers import PhoneNumber, TextVerdict, WeChatSession
from miniprogram_api.wechat.client import MiniClient
from miniprogram_api.wechat.errors import (
    Final,
    LoginCodeInvalid,
    MessageRefused,
    PhoneCodeInvalid,
    Retryable,
    TooManyLogins,
    UserAction,
    WeChatBlocked,
    WeChatMisconfigured,
    WeChatRefused,
    WeChatUnavailable,
)
from tests.miniprogram_api.wechat.conftest import MakeClient, Simulator


def test_a_login_is_one_request_and_keeps_no_session_key(
    wx: MiniClient, simulator: Simulator
) -> None:
    assert wx.code_to_session(simulator.login_code("小明 1")) == WeChatSession("小明 1", None)
    assert simulator.seen() == ["/sns/jscode2session"]


def test_a_bound_shopper_has_a_unionid(wx: MiniClient, simulator: Simulator) -> None:
    made = simulator.control("users", openid="anna", bound=True)
    session = wx.code_to_session(simulator.login_code("anna"))
    assert session == WeChatSession("anna", made["unionid"])


def test_a_login_code_works_once(wx: MiniClient, simulator: Simulator) -> None:
    code = simulator.login_code("anna")
    wx.code_to_session(code)
    with pytest.raises(LoginCodeInvalid) as refused:
        wx.code_to_session(code)
    assert refused.value.errcode == 40163
    assert refused.value.rid


def test_a_login_code_is_over_after_five_minutes(wx: MiniClient, simulator: Simulator) -> None:
    fresh, stale = simulator.login_code("anna"), simulator.login_code("anna")
    simulator.control("clock", advance_seconds=299)
    wx.code_to_session(fresh)
    simulator.control("clock", advance_seconds=1)
    with pytest.raises(LoginCodeInvalid) as refused:
        wx.code_to_session(stale)
    assert refused.value.errcode == 40029


@pytest.mark.parametrize("code", ["never issued", "", "x" * 513, "\ud800", "两", "a\nb"])
def test_what_can_be_no_code_is_not_asked(wx: MiniClient, simulator: Simulator, code: str) -> None:
    with pytest.raises(LoginCodeInvalid):
        wx.code_to_session(code)
    with pytest.raises(PhoneCodeInvalid):
        wx.phone_number(code)
    assert simulator.seen() == []


def test_a_code_of_another_program_is_refused(wx: MiniClient, simulator: Simulator) -> None:
    with pytest.raises(LoginCodeInvalid):
        wx.code_to_session(simulator.login_code("anna", appid="wx9999999999999999"))


def test_a_phone_code_is_no_login_code_and_the_other_way_round(
    wx: MiniClient, simulator: Simulator
) -> None:
    phone_code = simulator.control("phone-codes", openid="anna", phone="13800000000")["code"]
    with pytest.raises(LoginCodeInvalid):
        wx.code_to_session(phone_code)
    with pytest.raises(PhoneCodeInvalid):
        wx.phone_number(simulator.login_code("anna"))


def test_a_high_risk_shopper_is_blocked_for_good(wx: MiniClient, simulator: Simulator) -> None:
    simulator.control("users", openid="eve", blocked=True)
    with pytest.raises(WeChatBlocked) as refused:
        wx.code_to_session(simulator.login_code("eve"))
    assert isinstance(refused.value, Final)


def test_too_many_logins_of_one_shopper_slow_that_one_down(
    wx: MiniClient, simulator: Simulator
) -> None:
    simulator.control("limits", path="/sns/jscode2session", per_minute=1)
    wx.code_to_session(simulator.login_code("anna"))
    with pytest.raises(TooManyLogins) as refused:
        wx.code_to_session(simulator.login_code("anna"))
    assert (refused.value.errcode, refused.value.retry_after_seconds) == (45011, 60)
    assert wx.code_to_session(simulator.login_code("bob")).openid == "bob"


def test_a_busy_platform_is_worth_a_retry(wx: MiniClient, simulator: Simulator) -> None:
    simulator.fault("busy", times=1)
    code = simulator.login_code("anna")
    with pytest.raises(WeChatUnavailable) as refused:
        wx.code_to_session(code)
    assert isinstance(refused.value, Retryable)
    assert wx.code_to_session(code).openid == "anna"


@pytest.mark.parametrize("kind", ["number", "text"])
def test_a_phone_number_whatever_form_its_country_code_has(
    wx: MiniClient, simulator: Simulator, kind: str
) -> None:
    if kind == "number":
        simulator.fault("country_code_number")
    code = simulator.control("phone-codes", openid="anna", phone="13800000000")["code"]
    assert wx.phone_number(code) == PhoneNumber("13800000000", "86")
    with pytest.raises(PhoneCodeInvalid):
        wx.phone_number(code)


def test_a_message_uses_up_one_acceptance(wx: MiniClient, simulator: Simulator) -> None:
    simulator.login_code("anna")
    simulator.world.accept("anna", "TPL_points")
    values = {"thing1": "积分到账", "number2": "30"}
    msgid = wx.send_subscribe_message("anna", "TPL_points", values, page="pages/points/index")
    [message] = simulator.world.messages
    assert (message["msgid"], message["page"]) == (msgid, "pages/points/index")
    assert message["fields"]["thing1"]["value"] == "积分到账"
    with pytest.raises(MessageRefused) as refused:
        wx.send_subscribe_message("anna", "TPL_points", values)
    assert isinstance(refused.value, UserAction)
    assert refused.value.errcode == 43101


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"thing1": "二十一个字符的内容在这里是不可以被发送出去的"}, "thing1"),
        ({"number2": "thirty"}, "number2"),
        ({"phrase3": "abc"}, "phrase3"),
        ({"date4": "tomorrow"}, "date4"),
        ({"nonsense": "x"}, "nonsense"),
        ({"thing1": ""}, "thing1"),
    ],
)
def test_a_field_that_breaks_its_rule_is_named(
    wx: MiniClient, simulator: Simulator, values: dict[str, str], named: str
) -> None:
    simulator.login_code("anna")
    simulator.world.accept("anna", "TPL_points")
    with pytest.raises(WeChatRefused, match=f"data.{named}.value") as refused:
        wx.send_subscribe_message("anna", "TPL_points", values)
    assert refused.value.errcode == 47003
    assert simulator.world.quota["anna", "TPL_points"] == 1


def test_unknown_people_and_templates_are_final(wx: MiniClient, simulator: Simulator) -> None:
    simulator.login_code("anna")
    simulator.control("templates", template_id="TPL_known", title="积分变动")
    for openid, template_id, errcode in [("nobody", "TPL_known", 40003), ("anna", "TPL_x", 40037)]:
        with pytest.raises(WeChatRefused) as refused:
            wx.send_subscribe_message(openid, template_id, {"thing1": "x"})
        assert refused.value.errcode == errcode


def test_the_risk_rank_of_a_visitor_and_of_a_stranger(wx: MiniClient, simulator: Simulator) -> None:
    simulator.control("users", openid="eve", risk_rank=3)
    assert wx.risk_rank("eve", "203.0.113.7") is None
    simulator.login_code("eve")
    assert wx.risk_rank("eve", "203.0.113.7") == 3
    simulator.control("clock", advance_seconds=2 * 3600)
    assert wx.risk_rank("eve", "203.0.113.7") is None


@pytest.mark.parametrize(
    ("text", "suggest"),
    [("你好", "pass"), ("加微信聊", "review"), ("一起赌博", "risky"), ("\ud800", "pass")],
)
def test_a_text_is_judged(wx: MiniClient, simulator: Simulator, text: str, suggest: str) -> None:
    simulator.login_code("anna")
    assert wx.check_text("anna", text, scene=1).suggest == suggest


def test_a_long_text_is_judged_by_its_worst_piece(wx: MiniClient, simulator: Simulator) -> None:
    simulator.login_code("anna")
    assert wx.check_text("anna", "好" * 2499 + "赌博" + "好" * 100).suggest == "risky"
    assert len(simulator.seen("msg_sec_check")) == 2


def test_a_text_of_somebody_not_seen_lately_goes_to_a_person(
    wx: MiniClient, simulator: Simulator
) -> None:
    simulator.control("users", openid="anna")
    assert wx.check_text("anna", "你好") == TextVerdict("review")


def test_a_link(wx: MiniClient, simulator: Simulator) -> None:
    assert wx.url_link("pages/index", "from=sms").startswith("https://wxaurl.cn/")
    with pytest.raises(WeChatRefused):
        wx.url_link("pages/index", valid_days=31)


def test_our_own_mistakes_are_not_the_shoppers(
    make_client: MakeClient, simulator: Simulator
) -> None:
    stranger = MiniClient("wx_other", "x", base_url=simulator.url)
    with pytest.raises(WeChatMisconfigured):
        stranger.code_to_session(simulator.login_code("anna"))
    with pytest.raises(WeChatMisconfigured):
        stranger.url_link("pages/index")


def test_endpoints_that_only_wechatpy_knows_have_the_same_cures(
    wx: MiniClient, simulator: Simulator
) -> None:
    simulator.login_code("anna")
    simulator.world.accept("anna", "TPL_points")
    sent = wx.wxa.send_subscribe_message("anna", "TPL_points", {"thing1": {"value": "x"}})
    assert sent["errcode"] == 0
    assert simulator.seen() == ["/cgi-bin/stable_token", "/cgi-bin/message/subscribe/send"]
    with pytest.raises(MessageRefused):
        wx.wxa.send_subscribe_message("anna", "TPL_points", {"thing1": {"value": "x"}})
