"""What WeChat tells us by itself, and whom it may concern.

WeChat sends an event up to three times; handlers recognise a repeat by its `dedupe_key`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from miniprogram_api.core.events import Event

SUBSCRIBE_POPUP = "subscribe_msg_popup_event"  # the shopper answered a prompt
SUBSCRIBE_CHANGE = "subscribe_msg_change_event"  # the shopper changed it in the settings
SUBSCRIBE_SENT = "subscribe_msg_sent_event"  # a message arrived, or did not
MEDIA_CHECK = "wxa_media_check"

# In XML, WeChat wraps the list of a subscribe event into an element of the event's own name.
_WRAPPERS = ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent")

wechat_push_received = Event("wechat_push_received")
"""Handlers take `event: PushEvent`, inside one transaction for all of them."""


@dataclass(frozen=True)
class PushEvent:
    """One event, in the same form whether it came as JSON or XML."""

    name: str
    openid: str
    created_at: datetime
    fields: Mapping[str, Any]

    @property
    def items(self) -> list[Mapping[str, Any]]:
        """The entries of `List`, none if there is none."""
        return list(self.fields.get("List", []))

    @property
    def dedupe_key(self) -> str:
        """The same for every delivery of one event."""
        parts = [self.openid, str(int(self.created_at.timestamp())), self.name]
        traced = self.fields.get("trace_id")
        return ":".join([*parts, traced] if isinstance(traced, str) else parts)


def normalised(message: Mapping[str, Any]) -> PushEvent:
    """The event in a decrypted message, its `List` always a list of objects.

    :raises ValueError: it has not the form that every push of WeChat has.
    """
    fields = dict(message)
    for wrapper in _WRAPPERS:
        inner = fields.pop(wrapper, None)
        if isinstance(inner, Mapping):
            fields |= inner
    if "List" in fields:
        fields["List"] = _entries(fields["List"])
    openid, created = fields.get("FromUserName"), fields.get("CreateTime")
    if not isinstance(openid, str) or not openid:
        raise ValueError("FromUserName is missing")
    if not isinstance(created, int | str) or not str(created).isdecimal():
        raise ValueError("CreateTime is no time")
    return PushEvent(
        name=str(fields.get("Event") or fields.get("MsgType") or ""),
        openid=openid,
        created_at=datetime.fromtimestamp(int(created), UTC),
        fields=fields,
    )


def _entries(given: object) -> list[Mapping[str, Any]]:
    """WeChat sends a lone entry as an object, several as an array."""
    several = given if isinstance(given, list) else [given]
    return [entry for entry in several if isinstance(entry, Mapping)]
