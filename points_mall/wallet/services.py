"""What the wallet does on its own account: each function is one transaction, or joins the caller's."""

from collections.abc import Sequence
from dataclasses import dataclass

from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.members.errors import WalletNotEmpty

from . import posting
from .movements import Credit, Debit, Part, WalletPosted
from .reasons import ADJUSTMENT, CLOSURE, PAY_BACK, TOP_UP


@dataclass(frozen=True)
class TopUp:
    """A plan that was paid for: what it cost becomes principal, what it adds becomes bonus.

    `pay_fen` and `bonus_fen` are what the plan said when it was bought, whatever it says now.
    """

    member_id: int
    plan: str
    pay_fen: int
    bonus_fen: int
    reference: str


def top_up(top_ups: Sequence[TopUp]) -> list[WalletPosted]:
    """Credit plans that were paid for, inside the transaction that records the payments.

    A refund of one takes it back with `posting.reverse(reason=TOP_UP, reference=…)`.
    """
    answers = posting.post([_credit(one) for one in top_ups])
    return [_unrefused(answer) for answer in answers]


def _credit(one: TopUp) -> Credit:
    explanation = {"plan": one.plan, "paid_fen": one.pay_fen, "bonus_fen": one.bonus_fen}
    return Credit(one.member_id, one.pay_fen, one.bonus_fen, TOP_UP, one.reference, explanation)


def _unrefused(answer: WalletPosted | DomainError) -> WalletPosted:
    if isinstance(answer, DomainError):
        raise answer  # money that was taken is credited, or nothing of it is recorded
    return answer


@retrying
def adjust(
    member_id: int, part: Part, amount_fen: int, *, why: str, reference: str, actor: str
) -> WalletPosted:
    """Give (above zero) or take (below zero) of one part by hand; a debt is forgiven by giving.

    :param why: for people; kept in the entry for ever.
    :raises InsufficientBalance: there is less of that part to take.
    """
    explanation = {"why": why}
    with transaction():
        if amount_fen < 0:
            return posting.debit(
                member_id,
                -amount_fen,
                reason=ADJUSTMENT,
                reference=reference,
                explanation=explanation,
                actor=actor,
                only=part,
            )
        is_principal = part is Part.PRINCIPAL
        return posting.credit(
            member_id,
            amount_fen if is_principal else 0,
            0 if is_principal else amount_fen,
            reason=ADJUSTMENT,
            reference=reference,
            explanation=explanation,
            actor=actor,
        )


@retrying
def pay_back(
    member_id: int, amount_fen: int | None, *, why: str, reference: str, actor: str
) -> WalletPosted:
    """Record that principal was handed back to the member outside of the shop; None: all of it.

    Only people of the shop do this; no call of a client takes money out of a wallet.

    :raises InsufficientBalance: there is less principal.
    """
    with transaction():
        held = posting.lock_accounts([member_id])[member_id]
        return posting.debit(
            member_id,
            held.principal_fen if amount_fen is None else amount_fen,
            reason=PAY_BACK,
            reference=reference,
            explanation={"why": why},
            actor=actor,
            only=Part.PRINCIPAL,
        )


def close(member_id: int, **_facts: object) -> None:
    """Let the bonus lapse, in the transaction that closes the member's account.

    :raises WalletNotEmpty: there is principal, which is the member's own money.
    """
    with transaction():
        held = posting.lock_accounts([member_id])[member_id]
        if held.principal_fen:
            raise WalletNotEmpty(held.principal_fen)
        if held.bonus_fen:
            posting.post([Debit(member_id, held.bonus_fen, CLOSURE, "closure")])
