from collections.abc import Callable

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import transaction
from miniprogram_api.members.enrolment import enrol_or_find
from miniprogram_api.messaging.kinds import MessageKind, register
from miniprogram_api.wechat.answers import WeChatSession
from miniprogram_api.wechat.events import PushEvent, normalised
from tests.builders import shanghai
from tests.services.wechat import Simulator

OPENID = "oLi-of-the-first-program-001"
TEMPLATE, OTHER_TEMPLATE = "template-of-expiring-points", "template-of-reminders"
TEN = shanghai("2026-11-21 10:00")

register(
    MessageKind(
        "test_expiring",
        "积分即将过期",
        "Points about to expire",
        "您有 {points} 积分将于 {day} 过期",
        "{points} of your points expire on {day}",
        {"points": "number1", "day": "date2"},
        page="pages/points/index",
    )
)
register(MessageKind("test_reminder", "签到提醒", "Check in", "今天还没有签到", "Check in today"))


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {
        "WX_OPEN_BASE": simulator.url,
        "MESSAGE_CHANNEL": "subscribe",
        "MESSAGE_TEMPLATES": f'{{"test_expiring": "{TEMPLATE}", "test_reminder":'
        f' {{"id": "{OTHER_TEMPLATE}", "keywords": {{"shop": "thing1"}}}}}}',
        "MESSAGES_PER_DAY": 2,
    }


@pytest.fixture
def member_id(app: Flask) -> int:
    clock.set(TEN)
    with transaction():
        member, _ = enrol_or_find(WeChatSession(OPENID, None))
        return member.id


Told = Callable[..., PushEvent]


@pytest.fixture
def told() -> Told:
    """An event about a subscription, as WeChat pushes it."""

    def event(name: str, *, at: int = 1795226400, openid: str = OPENID, **item: str) -> PushEvent:
        entry = {"TemplateId": TEMPLATE, **item}
        return normalised(
            {"FromUserName": openid, "CreateTime": at, "MsgType": "event", "Event": name}
            | {"List": entry}
        )

    return event
