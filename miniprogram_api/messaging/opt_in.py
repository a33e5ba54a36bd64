"""How many messages a member has accepted: heard from WeChat's events and from the mini-program.

Each accepted prompt is one message; they add up. WeChat tells by message push (`hear`); a shop
without message push believes what the mini-program reports (`report`). The truth stays with
WeChat: when it refuses a message, nothing is left.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, db
from miniprogram_api.core.settings import settings
from miniprogram_api.wechat import events
from miniprogram_api.wechat.events import PushEvent

from . import addresses
from .kinds import kinds_by_template
from .models import MessageAnswer, MessageOptIn, MessageState, SentMessage

ACCEPT, REJECT, ARRIVED = "accept", "reject", "0"
REFUSED_BY_MEMBER = "43101"


@dataclass(frozen=True)
class _Answer:
    template_id: str
    text: str
    wechat_message_id: str | None = None


def hear(event: PushEvent) -> None:
    """Take in one of WeChat's events about subscriptions, inside its transaction; others pass.

    A repeat of an event changes nothing.
    """
    answers = _answers(event)
    member_id = addresses.member_of(event.openid) if answers else None
    if member_id is None:
        return
    known = kinds_by_template()
    session = current_transaction()
    for position, answer in enumerate(answers):
        if answer.template_id not in known:
            continue
        if _is_new(session, event.dedupe_key, position, member_id, answer):
            _apply(session, event.name, member_id, answer)


def report(member_id: int, template_ids: Sequence[str], *, source: str) -> None:
    """Take in which templates the member accepted, as the mini-program tells, in a transaction.

    Where WeChat itself tells by message push, this is not counted, for it would count twice.

    :param source: names this report, the same for each repeat of it (an idempotency key).
    """
    if settings().wx_push_token:
        return
    session, known = current_transaction(), kinds_by_template()
    for position, template_id in enumerate(dict.fromkeys(template_ids)):
        answer = _Answer(template_id, ACCEPT)
        named = f"report:{member_id}:{source}"
        if template_id in known and _is_new(session, named, position, member_id, answer):
            _add_one(session, member_id, template_id)


def quotas(member_id: int) -> dict[str, int]:
    """How many messages of each kind the member has accepted and not yet received."""
    rows = db.session.execute(
        sa.select(MessageOptIn.template_id, MessageOptIn.quota).filter_by(member_id=member_id)
    )
    left: dict[str, int] = dict(rows.all())
    return {
        kind.name: left.get(template_id, 0)
        for template_id, kinds in kinds_by_template().items()
        for kind in kinds
    }


def willing(template_id: str, member_ids: Sequence[int]) -> set[int]:
    """Those of the members who have a message of the template left."""
    statement = sa.select(MessageOptIn.member_id).where(
        bulk.among(MessageOptIn.member_id, "member_ids"),
        MessageOptIn.template_id == template_id,
        MessageOptIn.quota > 0,
    )
    session = current_transaction()
    return set(session.scalars(statement, {"member_ids": list(member_ids)}))


def locked_quota(session: Session, member_id: int, template_id: str) -> int:
    """What is left of a template, with all the member's rows locked.

    Whoever sends to a member locks the same rows in the same order, so that the day's allowance is
    counted by one at a time.
    """
    rows = session.execute(
        sa.select(MessageOptIn.template_id, MessageOptIn.quota)
        .filter_by(member_id=member_id)
        .order_by(MessageOptIn.id)
        .with_for_update()
    )
    quotas_by_template: dict[str, int] = dict(rows.all())
    return quotas_by_template.get(template_id, 0)


def take_one(session: Session, member_id: int, template_id: str) -> None:
    """Use one accepted message; the row is locked by `locked_quota`."""
    session.execute(_opt_in(member_id, template_id).values(quota=MessageOptIn.quota - 1))


def give_back(session: Session, member_id: int, template_id: str) -> None:
    """An accepted message was not used after all."""
    session.execute(_opt_in(member_id, template_id).values(quota=MessageOptIn.quota + 1))


def forfeit(session: Session, member_id: int, template_id: str) -> None:
    """WeChat says that nothing is left."""
    session.execute(_opt_in(member_id, template_id).values(quota=0))


def _answers(event: PushEvent) -> list[_Answer]:
    if event.name in {events.SUBSCRIBE_POPUP, events.SUBSCRIBE_CHANGE}:
        name = "SubscribeStatusString"
    elif event.name == events.SUBSCRIBE_SENT:
        name = "ErrorCode"
    else:
        return []
    return [
        _Answer(
            str(item.get("TemplateId", "")),
            str(item.get(name, ""))[:80],
            str(item["MsgID"]) if "MsgID" in item else None,
        )
        for item in event.items
    ]


def _apply(session: Session, event_name: str, member_id: int, answer: _Answer) -> None:
    if event_name == events.SUBSCRIBE_POPUP and answer.text == ACCEPT:
        _add_one(session, member_id, answer.template_id)
    elif event_name == events.SUBSCRIBE_CHANGE and answer.text == REJECT:
        forfeit(session, member_id, answer.template_id)
    elif event_name == events.SUBSCRIBE_SENT and answer.text not in {ARRIVED, ""}:
        _did_not_arrive(session, member_id, answer)


def _did_not_arrive(session: Session, member_id: int, answer: _Answer) -> None:
    is_refusal = answer.text == REFUSED_BY_MEMBER
    if is_refusal:
        forfeit(session, member_id, answer.template_id)
    session.execute(
        sa.update(SentMessage)
        .filter_by(member_id=member_id, wechat_message_id=answer.wechat_message_id)
        .values(
            state=MessageState.REFUSED if is_refusal else MessageState.FAILED,
            errcode=int(answer.text) if answer.text.isdecimal() else None,
        )
        .execution_options(synchronize_session=False)
    )


def _is_new(session: Session, named: str, position: int, member_id: int, answer: _Answer) -> bool:
    row = {
        # Hashed, because what names one of WeChat's events holds the openid.
        "source": hashlib.sha256(named.encode()).hexdigest(),
        "position": position,
        "member_id": member_id,
        "template_id": answer.template_id,
        "answer": answer.text,
        "at": now(),
    }
    return bulk.insert_missing(session, MessageAnswer.__table__, [row]) == 1


def _add_one(session: Session, member_id: int, template_id: str) -> None:
    row = {"member_id": member_id, "template_id": template_id, "quota": 0}
    bulk.insert_missing(session, MessageOptIn.__table__, [row])
    give_back(session, member_id, template_id)


def _opt_in(member_id: int, template_id: str) -> sa.Update:
    return (
        sa.update(MessageOptIn)
        .filter_by(member_id=member_id, template_id=template_id)
        .execution_options(synchronize_session=False)
    )
