"""What every claim on numbered stock does within its transaction, before it does its own part.

In lock order, the members' accounts being locked by the caller: keys of repeats, allowances, units.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy.orm import Session

from miniprogram_api.core.errors import DomainError
from miniprogram_api.repeats.records import Answer, Claim, RequestInProgress, claim_all

from . import taking, units
from .errors import AllowanceUsed
from .pools import pool_of
from .taking import Outcome, Try
from .units import Ownership

Item = TypeVar("Item")


def refuse_nobody(_tries: Sequence[Try[Item]]) -> None:
    """No rule beyond the allowance of the pool."""


def claim_units(
    session: Session,
    tries: Sequence[Try[Item]],
    claims: Sequence[Claim],
    refuse: Callable[[Sequence[Try[Item]]], None] = refuse_nobody,
) -> list[Answer | None]:
    """Let every try own its units, or be refused; where a claim is a repeat, tell its first answer.

    :param refuse: refuses single tries by a rule of the caller's own, before they own anything.
    """
    verdicts = claim_all(session, claims)
    answers = [_heed(one, verdict) for one, verdict in zip(tries, verdicts, strict=True)]
    taking.leave_to_owners(tries)
    taking.choose_without_redis(_going(tries))
    _refuse_beyond_allowance(_going(tries))
    refuse(_going(tries))
    taking.own(_going(tries))
    return answers


def owners(tries: Sequence[Try[Item]]) -> list[Try[Item]]:
    """Those that own their units now."""
    return [one for one in tries if one.outcome is Outcome.OWNED]


def give_up(tries: Sequence[Try[Item]], refusals: Sequence[DomainError]) -> None:
    """Refuse tries that own their units already, and set the units free; nobody saw them owned."""
    for one, refusal in zip(tries, refusals, strict=True):
        one.refuse(refusal)
    if tries:
        units.give_up([one.want.order_no for one in tries])


def _going(tries: Sequence[Try[Item]]) -> list[Try[Item]]:
    return [one for one in tries if one.outcome is Outcome.UNKNOWN and one.refusal is None]


def _heed(one: Try[Item], verdict: Answer | DomainError | None) -> Answer | None:
    """A repeat hears the first answer; units that it took just now are the first one's, or too many."""
    if verdict is None:
        return None
    if isinstance(verdict, RequestInProgress):
        one.outcome, one.refusal = Outcome.ELSEWHERE, verdict  # the first one settles the units
        return None
    if isinstance(verdict, DomainError):
        one.refuse(verdict)
    one.outcome = Outcome.REFUSED if one.is_fresh else Outcome.ELSEWHERE
    return None if isinstance(verdict, DomainError) else verdict


def _refuse_beyond_allowance(tries: Sequence[Try[Item]]) -> None:
    wanted = [
        Ownership(
            one.pool_id,
            one.want.order_no,
            one.want.member_id,
            one.unit_nos,
            pool_of(one.pool_id).allowance,
        )
        for one in tries
    ]
    for one, may in zip(tries, units.allowance_left(wanted), strict=True):
        if not may:
            one.refuse(AllowanceUsed())
