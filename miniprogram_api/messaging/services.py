"""Telling members: a notice is written with its fact, and sent when the member may be disturbed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now, shop_zone, starts_at, today
from miniprogram_api.core.db import current_transaction, retrying, transaction
from miniprogram_api.core.log import log
from miniprogram_api.core.settings import settings
from miniprogram_api.jobs.outbox import enqueue_many
from miniprogram_api.jobs.registry import NotYet
from miniprogram_api.wechat.errors import MessageRefused, Retryable, WeChatRefused

from . import addresses, opt_in
from .channels import Message, channel
from .kinds import MessageKind, NoTemplate, Template, kind_of, template_of
from .models import MessageState, SentMessage
from .rules import quiet_hours, quiet_until

SEND_JOB = "message.send"
UNKNOWN_OPENID = 40003
MESSAGE_KEEP_DAYS = 180

_log = log(__name__)


@dataclass(frozen=True)
class Notice:
    """What one member is told. The reference is chosen by the cause: told once, however often."""

    member_id: int
    fields: Mapping[str, Any]
    reference: str


def notify(member_id: int, kind: str, fields: Mapping[str, Any], reference: str) -> bool:
    """Tell one member, from within the transaction of the fact; see `notify_many`."""
    return notify_many(kind, [Notice(member_id, fields, reference)]) == 1


def notify_many(kind: str, notices: Sequence[Notice]) -> int:
    """Write notices of one kind into the caller's transaction; answer how many.

    Members who have accepted no such message, or are told already, are passed over. At night the
    notice waits for the morning.

    :raises UnknownKind: no feature has registered the kind.
    """
    try:
        template = template_of(kind_of(kind))
    except NoTemplate:
        return 0  # the shop does not send this kind
    current_transaction()
    member_ids = [notice.member_id for notice in notices]
    willing = opt_in.willing(template.id, member_ids) if member_ids else set()
    jobs = [
        (f"{kind}:{notice.member_id}:{notice.reference}", _payload(kind, notice))
        for notice in notices
        if notice.member_id in willing
    ]
    return enqueue_many(SEND_JOB, jobs, due_at=_quiet_until(now()))


def deliver(kind_name: str, notice: Notice) -> None:
    """Send a notice if it still may be sent; called by its job, again after a failure.

    A message that was under way when its worker died is sent again: WeChat does not tell whether
    it went out. What is known to be sent is never sent again.

    :raises NotYet: it is night, or the member has had enough for today.
    :raises Retryable: WeChat is away.
    :raises WeChatRefused: WeChat does not take the message; an operator has to look.
    """
    kind = kind_of(kind_name)
    template = template_of(kind)
    message_id, wait_until = _reserve(kind, template, notice)
    if wait_until is not None:
        raise NotYet(wait_until)
    if message_id is None:
        return
    openid = addresses.openid_of(notice.member_id)
    if openid is None:
        _write(message_id, notice, template, _not_used(MessageState.FAILED))
        return
    message = Message(notice.member_id, openid, kind, template, notice.fields)
    _send(message_id, notice, message)


def forget_old_messages() -> int:
    """Delete the records of messages older than half a year; answer how many."""
    old = now() - timedelta(days=MESSAGE_KEEP_DAYS)
    with transaction() as session:
        statement = sa.delete(SentMessage).where(SentMessage.created_at < old)
        gone = statement.execution_options(synchronize_session=False).returning(SentMessage.id)
        return len(session.scalars(gone).all())


def _send(message_id: int, notice: Notice, message: Message) -> None:
    try:
        wechat_message_id = channel().send(message)
    except MessageRefused as error:
        used = {"state": MessageState.REFUSED, "errcode": error.errcode}
        _write(message_id, notice, message.template, used, forfeit=True)
    except Retryable as error:
        _write(message_id, notice, message.template, {"errcode": error.errcode})
        raise
    except WeChatRefused as error:
        failed = _not_used(MessageState.FAILED, error.errcode)
        _write(message_id, notice, message.template, failed)
        if error.errcode != UNKNOWN_OPENID:
            raise
    else:
        sent = {
            "state": MessageState.SENT,
            "errcode": None,
            "sent_at": now(),
            "wechat_message_id": wechat_message_id,
        }
        _write(message_id, notice, message.template, sent)
        _log.info("message_sent", member_id=notice.member_id, kind=message.kind.name)


@retrying
def _reserve(
    kind: MessageKind, template: Template, notice: Notice
) -> tuple[int | None, datetime | None]:
    """Keep one accepted message and a place in the day's allowance for this notice.

    :returns: the message to send now, or the moment to wait for, or neither: it is over.
    """
    with transaction() as session:
        message = _locked_message(session, kind, notice)
        if message.state in {MessageState.SENT, MessageState.REFUSED}:
            return None, None
        quota = opt_in.locked_quota(session, notice.member_id, template.id)
        is_reserved = message.reserved_on is not None
        if not is_reserved and quota == 0:
            message.state = MessageState.REFUSED
            return None, None
        message.state = MessageState.DEFERRED
        wait_until = _quiet_until(now())
        if wait_until is None and not is_reserved:
            wait_until = _tomorrow_if_enough(session, notice.member_id)
        if wait_until is None and not is_reserved:
            opt_in.take_one(session, notice.member_id, template.id)
            message.reserved_on = today()
        return message.id, wait_until


def _locked_message(session: Session, kind: MessageKind, notice: Notice) -> SentMessage:
    name = {"member_id": notice.member_id, "kind": kind.name, "reference": notice.reference}
    fresh = {**name, "state": MessageState.DEFERRED.value, "created_at": now()}
    bulk.insert_missing(session, SentMessage.__table__, [fresh])
    return session.scalars(
        sa.select(SentMessage)
        .filter_by(**name)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


@retrying
def _write(
    message_id: int,
    notice: Notice,
    template: Template,
    values: Mapping[str, Any],
    *,
    forfeit: bool = False,
) -> None:
    """Write down how it went; a place that was reserved and is not any more is given back."""
    with transaction() as session:
        session.execute(
            sa.update(SentMessage)
            .where(SentMessage.id == message_id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        if forfeit:
            opt_in.forfeit(session, notice.member_id, template.id)
        elif "reserved_on" in values:
            opt_in.give_back(session, notice.member_id, template.id)


def _not_used(state: MessageState, errcode: int | None = None) -> dict[str, Any]:
    return {"state": state, "errcode": errcode, "reserved_on": None}


def _tomorrow_if_enough(session: Session, member_id: int) -> datetime | None:
    day = today()
    count = session.scalar(
        sa.select(sa.func.count())
        .select_from(SentMessage)
        .filter_by(member_id=member_id, reserved_on=day)
    )
    return None if (count or 0) < settings().messages_per_day else _first_moment(day)


def _first_moment(day: date) -> datetime:
    """The first moment after `day` at which a member may be disturbed."""
    midnight = starts_at(day + timedelta(days=1))
    return _quiet_until(midnight) or midnight


def _quiet_until(moment: datetime) -> datetime | None:
    hours = quiet_hours(settings().message_quiet_hours)
    return quiet_until(moment.astimezone(shop_zone()), hours)


def _payload(kind: str, notice: Notice) -> dict[str, Any]:
    return {
        "kind": kind,
        "member_id": notice.member_id,
        "fields": dict(notice.fields),
        "reference": notice.reference,
    }
