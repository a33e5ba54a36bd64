"""How a message leaves the house, by the setting MESSAGE_CHANNEL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from flask import Flask

from miniprogram_api.core.log import log
from miniprogram_api.core.settings import SettingsError, settings
from miniprogram_api.wechat.client import ProgramState
from miniprogram_api.wechat.extension import wechat

from .kinds import SUBSCRIBE, MessageKind, Template, check_templates
from .rules import fitted, quiet_hours

_log = log(__name__)


@dataclass(frozen=True)
class Message:
    """A message that may be sent now."""

    member_id: int
    openid: str
    kind: MessageKind
    template: Template
    fields: Mapping[str, Any]


class Channel(Protocol):
    """A way out. What it raises, the caller sorts by WeChat's own classes of errors."""

    def send(self, message: Message) -> str | None:
        """Send it; the other side's number for it, if it tells one."""


class Subscribe:
    """WeChat's subscribe messages."""

    def send(self, message: Message) -> str | None:
        """Fill the template with those of our fields that it has."""
        values = {
            keyword: fitted(keyword, message.fields[name])
            for name, keyword in message.template.keywords.items()
            if name in message.fields
        }
        state = cast(ProgramState, settings().message_program_state)
        return wechat().send_subscribe_message(
            message.openid, message.template.id, values, page=message.kind.page, state=state
        )


class Console:
    """The log, for a laptop: the sentence that a member would read, and to which member."""

    def send(self, message: Message) -> str | None:
        """Write the sentence into the log."""
        sentence = message.kind.sentence(message.fields)
        _log.info("message", member_id=message.member_id, sentence=sentence)
        return None


class Null:
    """Nowhere: everything is decided and recorded, nothing leaves."""

    def send(self, message: Message) -> str | None:
        """Do nothing."""
        return None


_CHANNELS: dict[str, type[Channel]] = {SUBSCRIBE: Subscribe, "console": Console, "null": Null}


def init_messaging(app: Flask) -> None:
    """Look at the settings of messages once, so that a slip is told at the start.

    :raises SettingsError: one of them has the wrong form.
    """
    with app.app_context():
        channel()
        check_templates()
        try:
            quiet_hours(settings().message_quiet_hours)
        except ValueError:
            raise SettingsError("MESSAGE_QUIET_HOURS looks like 22:00-08:00") from None
        if settings().message_program_state not in {"formal", "trial", "developer"}:
            raise SettingsError("MESSAGE_PROGRAM_STATE must be formal, trial or developer")


def channel() -> Channel:
    """The channel that the shop has chosen.

    :raises SettingsError: the setting names none.
    """
    name = settings().message_channel
    if name not in _CHANNELS:
        raise SettingsError(f"MESSAGE_CHANNEL must be one of {', '.join(_CHANNELS)}")
    return _CHANNELS[name]()
