import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import db, transaction
from miniprogram_api.members import exports
from miniprogram_api.members.services import close_account
from miniprogram_api.messaging import opt_in
from miniprogram_api.messaging.kinds import NoTemplate, kind_of, template_of, templates_to_ask
from miniprogram_api.messaging.models import MessageAnswer, MessageOptIn, SentMessage
from miniprogram_api.wechat.events import PushEvent, wechat_push_received
from tests.miniprogram_api.messaging.conftest import OTHER_TEMPLATE, TEMPLATE, Told

POPUP, CHANGE, SENT = (
    "subscribe_msg_popup_event",
    "subscribe_msg_change_event",
    "subscribe_msg_sent_event",
)


def hear(*events: PushEvent) -> None:
    for event in events:
        with transaction():
            wechat_push_received.emit(event=event)


def left(member_id: int) -> int:
    db.session.rollback()
    return opt_in.quotas(member_id)["test_expiring"]


def test_each_accepted_prompt_is_one_message(member_id: int, told: Told) -> None:
    assert left(member_id) == 0
    hear(told(POPUP, at=1, SubscribeStatusString="accept"))
    hear(told(POPUP, at=2, SubscribeStatusString="accept"))
    assert left(member_id) == 2


def test_an_event_that_comes_three_times_counts_once(member_id: int, told: Told) -> None:
    hear(*[told(POPUP, SubscribeStatusString="accept")] * 3)
    assert left(member_id) == 1


def test_a_declined_prompt_takes_nothing_away(member_id: int, told: Told) -> None:
    hear(told(POPUP, at=1, SubscribeStatusString="accept"))
    hear(told(POPUP, at=2, SubscribeStatusString="reject"))
    assert left(member_id) == 1


def test_a_refusal_in_the_settings_takes_all_away(member_id: int, told: Told) -> None:
    hear(told(POPUP, at=1, SubscribeStatusString="accept"))
    hear(told(CHANGE, at=2, SubscribeStatusString="reject"))
    assert left(member_id) == 0


def test_a_message_that_was_refused_on_arrival_takes_all_away(member_id: int, told: Told) -> None:
    hear(told(POPUP, at=1, SubscribeStatusString="accept"))
    hear(told(SENT, at=2, MsgID="1", ErrorCode="0", ErrorStatus="success"))
    assert left(member_id) == 1
    hear(told(SENT, at=3, MsgID="2", ErrorCode="43101", ErrorStatus="failed"))
    assert left(member_id) == 0


def test_strangers_other_templates_and_other_events_pass(member_id: int, told: Told) -> None:
    hear(
        told(POPUP, openid="oNobody-of-ours-0000000000001", SubscribeStatusString="accept"),
        told(POPUP, TemplateId="somebody-elses", SubscribeStatusString="accept"),
        told("wxa_media_check"),
    )
    assert db.session.scalars(sa.select(MessageAnswer.id)).all() == []


def test_what_the_mini_program_reports_counts_once(member_id: int) -> None:
    for _ in range(2):
        with transaction():
            opt_in.report(member_id, [TEMPLATE, TEMPLATE, "unknown"], source="key-1")
    assert left(member_id) == 1


class TestWithMessagePush:
    @pytest.fixture
    def app_settings(self, app_settings: dict[str, object]) -> dict[str, object]:
        return {**app_settings, "WX_PUSH_TOKEN": "AAAAA"}

    def test_a_report_is_not_counted_beside_wechats_own_word(
        self, member_id: int, told: Told
    ) -> None:
        with transaction():
            opt_in.report(member_id, [TEMPLATE], source="key-1")
        hear(told(POPUP, SubscribeStatusString="accept"))
        assert left(member_id) == 1


def test_the_shop_names_wechats_templates_and_keywords(app: Flask) -> None:
    assert template_of(kind_of("test_expiring")).keywords == {"points": "number1", "day": "date2"}
    assert template_of(kind_of("test_reminder")).keywords == {"shop": "thing1"}
    assert templates_to_ask(["test_reminder", "nothing"]) == [
        {
            "kind": "test_reminder",
            "template_id": OTHER_TEMPLATE,
            "title_zh": "签到提醒",
            "title_en": "Check in",
        }
    ]


class TestWithoutATemplate:
    @pytest.fixture
    def app_settings(self, app_settings: dict[str, object]) -> dict[str, object]:
        return {**app_settings, "MESSAGE_TEMPLATES": ""}

    def test_a_kind_is_not_asked_for(self, app: Flask) -> None:
        assert templates_to_ask(["test_reminder"]) == []
        with pytest.raises(NoTemplate):
            template_of(kind_of("test_reminder"))


def test_a_member_may_take_it_along_and_leaves_nothing(member_id: int, told: Told) -> None:
    hear(told(POPUP, SubscribeStatusString="accept"))
    exported = exports.export_personal_data(member_id)["messages"]
    assert exported["accepted"]["test_expiring"] == 1
    assert exported["sent"] == []
    close_account(member_id)
    for model in (MessageAnswer, MessageOptIn, SentMessage):
        assert db.session.scalars(sa.select(model.id)).all() == []
