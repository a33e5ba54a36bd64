"""Check-ins that arrive together share one transaction (`core.group_commit`), repeats included.

Each caller hears its own answer: what the day brought, the first answer to a repeated key, or a
refusal, which fails alone.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.group_commit import group_of
from miniprogram_api.repeats.records import Answer, Claim, claim_all, store_all

from .recording import CheckedIn
from .services import check_in_all

CREATED = 201


class Arrival(NamedTuple):
    """A member who checks in, the key of the request, and how its answer is spelt."""

    member_id: int
    claim: Claim
    spelt: Callable[[CheckedIn], dict[str, Any]]


class Told(NamedTuple):
    """The answer to an arrival, and whether it is that of an earlier one."""

    answer: Answer
    is_repeat: bool


def check_in_together(arrival: Arrival) -> Told:
    """Check in with whoever else arrives now.

    :raises DomainError: the check-in or its key is refused.
    """
    return group_of("check_in", _check_in_group).submit(arrival)


@retrying
def _check_in_group(arrivals: Sequence[Arrival]) -> list[Told | Exception]:
    with transaction() as session:
        verdicts = claim_all(session, [arrival.claim for arrival in arrivals])
        fresh = [
            arrival for arrival, known in zip(arrivals, verdicts, strict=True) if known is None
        ]
        outcomes = check_in_all([arrival.member_id for arrival in fresh]) if fresh else []
        answers = [
            outcome if isinstance(outcome, DomainError) else Answer(CREATED, arrival.spelt(outcome))
            for arrival, outcome in zip(fresh, outcomes, strict=True)
        ]
        store_all(
            session,
            [
                (arrival.claim, answer)
                for arrival, answer in zip(fresh, answers, strict=True)
                if isinstance(answer, Answer)
            ],
        )
    first_answers = iter(answers)
    return [_told(known, first_answers) for known in verdicts]


def _told(known: Answer | DomainError | None, first_answers: Any) -> Told | Exception:
    if isinstance(known, Answer):
        return Told(known, is_repeat=True)
    answer = known or next(first_answers)
    return answer if isinstance(answer, DomainError) else Told(answer, is_repeat=False)
