"""Check-ins that arrive together share one transaction (`core.group_commit`), repeats included.

Each caller hears its own answer: what the day brought, the first answer to a repeated key, or a
refusal, which fails alone.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.group_commit import group_of
from miniprogram_api.repeats.records import Answer, Claim, Told, claim_all, store_all

from .recording import CheckedIn
from .services import check_in_all

CREATED = 201


class Arrival(NamedTuple):
    """A member who checks in, and the key of the request."""

    member_id: int
    claim: Claim


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
            outcome if isinstance(outcome, DomainError) else Answer(CREATED, _spelt(outcome))
            for outcome in outcomes
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
    return answer if isinstance(answer, DomainError) else Told(answer)


def _spelt(one: CheckedIn) -> dict[str, Any]:
    """As `CheckedInSchema` documents it; a schema's dump would take longer than the check-in."""
    return {
        "date": one.day.isoformat(),
        "streak_days": one.streak_days,
        "day_of_cycle": one.day_of_cycle,
        "rewards": [
            {name: reward[name] for name in ("kind", "cause", "points", "amount") if name in reward}
            for reward in one.rewards
        ],
        "points_awarded": one.points_awarded,
        "points_available": one.points_available,
    }
