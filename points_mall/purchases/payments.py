"""What WeChat Pay says of payments, held against what was asked of it.

Nothing is believed that does not fit: another shop, another number, amount, currency or payer moves
nothing, and the notice says why. Notices and answers to queries are heard in the same way.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.settings import settings
from miniprogram_api.wechat.errors import WeChatNonsense
from miniprogram_api.wechat.pay_answers import PaymentState, payment_of

from .asking import payments
from .facts import Outcome, Paid, Recorded
from .inbox import Applied, Notice, handler
from .recording import record_purchases
from .states import WECHAT_PAY, NoticeState
from .wechat_models import PaymentStage

IGNORED, FAILED = NoticeState.IGNORED, NoticeState.FAILED

_KNOWN = sa.select(payments).where(among(payments.c.out_trade_no, "numbers"))
_NOTES = {
    Outcome.RECORDED: None,
    Outcome.REPEATED: "heard before",
    Outcome.LATE: "paid after it was closed; the money goes back",
}


@handler(WECHAT_PAY, "TRANSACTION.SUCCESS")
def apply_payments(notices: Sequence[Notice]) -> Sequence[Applied]:
    """Notices of payments, in the caller's transaction."""
    return hear_payments([_read(notice) for notice in notices])


def hear_payments(told: Sequence[PaymentState | Applied]) -> list[Applied]:
    """Record payments that WeChat tells of, in the caller's transaction; answer each in order.

    What could not be read stands in its place already answered.
    """
    session = current_transaction()
    states = [one for one in told if isinstance(one, PaymentState)]
    known = known_payments(session, (state.out_trade_no for state in states))
    faults = [fault_of(state, known.get(state.out_trade_no)) for state in states]
    believed = [state for state, fault in zip(states, faults, strict=True) if fault is None]
    recorded = record_purchases(
        [_fact(state, known[state.out_trade_no].member_id) for state in believed]
    )
    _note_paid(session, believed, recorded)
    answers = iter(recorded)
    heard = iter([fault or _answer(next(answers)) for fault in faults])
    return [next(heard) if isinstance(one, PaymentState) else one for one in told]


def known_payments(session: Session, numbers: Iterable[str]) -> dict[str, sa.Row[Any]]:
    """What was asked of WeChat under these numbers."""
    asked = {"numbers": sorted(set(numbers))}
    return {row.out_trade_no: row for row in session.execute(_KNOWN, asked)}


def fault_of(state: PaymentState, payment: Any) -> Applied | None:
    """Why a payment is not believed; None: it is the one that was asked for, and paid."""
    if payment is None:
        return Applied(IGNORED, "no payment of ours has this number")
    if not state.is_paid:
        return Applied(IGNORED, f"not paid: {state.trade_state}")
    differences = {
        "appid": (state.appid, settings().wx_appid),
        "mchid": (state.mchid, settings().wxpay_mchid),
        "amount": (state.amount_fen, payment.amount_fen),
        "currency": (state.currency, "CNY"),
        "payer": (state.openid, payment.openid or state.openid),  # forgotten with the account
    }
    wrong = [name for name, (got, owed) in differences.items() if got != owed]
    return Applied(FAILED, f"not what was asked for: {', '.join(wrong)}") if wrong else None


def _read(notice: Notice) -> PaymentState | Applied:
    try:
        return payment_of(notice.resource)
    except WeChatNonsense as nonsense:
        return Applied(FAILED, str(nonsense))


def _fact(state: PaymentState, member_id: int) -> Paid:
    if state.amount_fen is None or state.success_at is None:
        raise WeChatNonsense("a paid order without its amount or its moment")
    return Paid(
        WECHAT_PAY,
        state.out_trade_no,
        state.amount_fen,
        state.success_at,
        member_id,
    )


def _answer(recorded: Recorded) -> Applied:
    if recorded.outcome == Outcome.REFUSED:
        return Applied(FAILED, str(recorded.refusal))
    return Applied(note=_NOTES.get(recorded.outcome))


def _note_paid(
    session: Session, states: Sequence[PaymentState], recorded: Sequence[Recorded]
) -> None:
    rows = {
        state.out_trade_no: {
            "out_trade_no": state.out_trade_no,
            "transaction_id": state.transaction_id,
            "paid_at": state.success_at,
            "state": PaymentStage.PAID.value,
            "check_at": None,
        }
        for state, answer in zip(states, recorded, strict=True)
        if answer.outcome != Outcome.REFUSED
    }
    bulk.update(session, payments, list(rows.values()), key=("out_trade_no",))
