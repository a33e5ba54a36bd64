"""What WeChat Pay says of refunds: those that we asked for, and those of the merchant platform."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.log import log
from miniprogram_api.core.settings import settings
from miniprogram_api.wechat.errors import WeChatNonsense
from miniprogram_api.wechat.pay_answers import RefundState as ToldState
from miniprogram_api.wechat.pay_answers import refund_of

from .facts import Outcome, RecordedRefund, Refunded
from .inbox import Applied, Notice, handler
from .loading import refunds as booked
from .payments import FAILED, IGNORED, known_payments
from .refunds import record_refunds
from .states import WECHAT_PAY, RefundState
from .wechat_models import RefundStage, WechatRefund

wechat_refunds = cast(sa.Table, WechatRefund.__table__)
_ASKED = sa.select(wechat_refunds).where(among(wechat_refunds.c.out_refund_no, "numbers"))
_NOTES = {
    Outcome.RECORDED: None,
    Outcome.REPEATED: "heard before",
    Outcome.WAITING: "kept until its payment is heard of",
}
_STAGES = {
    "SUCCESS": RefundStage.SUCCESS,
    "PROCESSING": RefundStage.PROCESSING,
    "CLOSED": RefundStage.CLOSED,
    "ABNORMAL": RefundStage.ABNORMAL,
}
_log = log(__name__)


@handler(WECHAT_PAY, "REFUND.SUCCESS")
def apply_refunds(notices: Sequence[Notice]) -> Sequence[Applied]:
    """Notices of refunds, in the caller's transaction."""
    return hear_refunds([_read(notice) for notice in notices])


@handler(WECHAT_PAY, "REFUND.CLOSED")
def apply_closed(notices: Sequence[Notice]) -> Sequence[Applied]:
    """Notices of refunds that WeChat gave up."""
    return apply_refunds(notices)


@handler(WECHAT_PAY, "REFUND.ABNORMAL")
def apply_abnormal(notices: Sequence[Notice]) -> Sequence[Applied]:
    """Notices of refunds that the shopper's bank did not take."""
    return apply_refunds(notices)


def hear_refunds(told: Sequence[ToldState | Applied]) -> list[Applied]:
    """Record refunds that WeChat tells of, in the caller's transaction; answer each in order.

    What could not be read stands in its place already answered.
    """
    session = current_transaction()
    states = [one for one in told if isinstance(one, ToldState)]
    payments = known_payments(session, (state.out_trade_no for state in states))
    asked = asked_refunds(session, (state.out_refund_no for state in states))
    faults = [
        _fault(state, payments.get(state.out_trade_no), asked.get(state.out_refund_no))
        for state in states
    ]
    believed = [state for state, fault in zip(states, faults, strict=True) if fault is None]
    done = [state for state in believed if state.status == "SUCCESS"]
    recorded = record_refunds([_fact(state) for state in done])
    answers = dict(zip((state.out_refund_no for state in done), recorded, strict=True))
    note_stages(session, believed)
    heard = iter(
        [
            fault or _answer(state, answers.get(state.out_refund_no))
            for state, fault in zip(states, faults, strict=True)
        ]
    )
    return [next(heard) if isinstance(one, ToldState) else one for one in told]


def asked_refunds(session: Session, numbers: Iterable[str]) -> dict[str, sa.Row[Any]]:
    """What we asked WeChat to refund under these numbers."""
    asked = {"numbers": sorted(set(numbers))}
    return {row.out_refund_no: row for row in session.execute(_ASKED, asked)}


def note_stages(session: Session, states: Sequence[ToldState]) -> None:
    """Keep how far our refunds are; one that WeChat gave up no longer counts on its purchase."""
    moment = now()
    rows = {
        state.out_refund_no: {
            "out_refund_no": state.out_refund_no,
            "state": _STAGES[state.status].value,
            "checked_at": moment,
        }
        for state in states
    }
    bulk.update(
        session,
        wechat_refunds,
        list(rows.values()),
        key=("out_refund_no",),
        only="wechat_refund.state <> 'success'",
    )
    failed = [state for state in states if state.status in {"CLOSED", "ABNORMAL"}]
    for state in failed:
        _log.error("refund_failed", refund=state.out_refund_no, status=state.status)
    give_up(session, [one.out_refund_no for one in failed if one.status == "CLOSED"], "closed")


def give_up(session: Session, out_refund_nos: Sequence[str], why: str) -> None:
    """Refunds that we asked for will not come about: they count on their purchases no longer."""
    rows = [
        {
            "source": WECHAT_PAY,
            "external_id": number,
            "state": RefundState.REFUSED.value,
            "note": f"WeChat Pay: {why}"[:255],
        }
        for number in out_refund_nos
    ]
    only = f"purchase_refund.state = '{RefundState.ASKED.value}'"
    bulk.update(session, booked, rows, key=("source", "external_id"), only=only)


def _read(notice: Notice) -> ToldState | Applied:
    if notice.resource.get("mchid") != settings().wxpay_mchid:
        return Applied(FAILED, "not what was asked for: mchid")
    try:
        return refund_of(notice.resource)
    except WeChatNonsense as nonsense:
        return Applied(FAILED, str(nonsense))


def _fault(state: ToldState, payment: Any, asked: Any) -> Applied | None:
    if payment is None:
        return Applied(IGNORED, "no payment of ours has this number")
    wrong = []
    if state.total_fen != payment.amount_fen or state.currency != "CNY":
        wrong.append("payment")
    if asked is not None and state.refund_fen != asked.refund_fen:
        wrong.append("refund")
    return Applied(FAILED, f"not what was asked for: {', '.join(wrong)}") if wrong else None


def _fact(state: ToldState) -> Refunded:
    return Refunded(
        WECHAT_PAY,
        state.out_refund_no,
        (WECHAT_PAY, state.out_trade_no),
        state.success_at or now(),
        cash_fen=state.refund_fen,
        reason="WeChat Pay",
        actor="wechat_pay",
    )


def _answer(state: ToldState, recorded: RecordedRefund | None) -> Applied:
    if recorded is None:
        return Applied(IGNORED, f"nothing moved: {state.status}")
    if recorded.outcome == Outcome.REFUSED:
        return Applied(FAILED, str(recorded.refusal))
    return Applied(note=_NOTES.get(recorded.outcome))
