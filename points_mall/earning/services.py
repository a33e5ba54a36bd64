"""Giving purchases what they earn, and saying beforehand, by the same code, what that will be."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from miniprogram_api.core.clock import to_day
from miniprogram_api.core.db import current_transaction, db
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.settings import settings
from points_mall.ledger import posting
from points_mall.ledger.movements import Credit
from points_mall.ledger.validity import expiry_of_points

from . import awards, rule_book
from .awards import Recorded
from .facts import Earned, Occasion
from .reasons import PURCHASE
from .rules import judge, without_rule
from .terms import Terms
from .usage import Usage


def award(occasions: Sequence[Occasion]) -> list[Earned]:
    """Award each occasion once, in the caller's transaction and in a constant number of statements.

    The rule of the moment of each purchase counts, and so do the caps of its day and month. The
    members' accounts are locked, so that caps hold in a crowd; who locks more than them locks the
    accounts first. A repeat answers with the first award. Cashback is told, not given: the caller
    credits the wallet.
    """
    if not occasions:
        return []
    session = current_transaction()
    posting.lock_accounts(occasion.member_id for occasion in occasions)
    known = _earned(awards.recorded(session, occasions))
    fresh = _not_in(known, occasions)
    judged = _judge(session, fresh.values(), None, awards.used_by(session, fresh.values()))
    _post(fresh, judged)
    awards.write(session, [(occasion, judged[reference]) for reference, occasion in fresh.items()])
    answers = known | judged
    return [answers[occasion.reference] for occasion in occasions]


def quote(
    occasions: Sequence[Occasion], *, as_of: datetime | None = None, terms: Terms | None = None
) -> list[Earned]:
    """What `award` would answer, occasion after occasion; nothing is written.

    :param as_of: judge them as though they were bought at this moment.
    :param terms: judge them by a draft in place of the rule in force.
    With either, an occasion that was awarded already is judged anew, as though it had not been.
    """
    session = db.session()
    known = awards.recorded(session, occasions)
    asked = [replace(one, occurred_at=as_of) if as_of else one for one in occasions]
    usage = awards.used_by(session, asked)
    if as_of is None and terms is None:
        answers = _earned(known)
    else:
        answers = {}
        for one in known.values():
            usage.add(one.member_id, one.day, -one.earned.points)
    answers |= _judge(session, _not_in(answers, asked).values(), terms, usage)
    return [answers[occasion.reference] for occasion in occasions]


def _earned(recorded: Mapping[str, Recorded]) -> dict[str, Earned]:
    return {reference: one.earned for reference, one in recorded.items()}


def _not_in(known: Mapping[str, Earned], occasions: Sequence[Occasion]) -> dict[str, Occasion]:
    """Those whose reference is not known; of two with the same, the first."""
    fresh: dict[str, Occasion] = {}
    for occasion in occasions:
        if occasion.reference not in known:
            fresh.setdefault(occasion.reference, occasion)
    return fresh


def _judge(
    session: Session, occasions: Collection[Occasion], draft: Terms | None, usage: Usage
) -> dict[str, Earned]:
    """Each occasion by its rule, or by the draft, with what those before it leave of the caps."""
    moments = [] if draft else [occasion.occurred_at for occasion in occasions]
    rules = rule_book.at_moments(session, moments)
    judged = {}
    for occasion in occasions:
        day = to_day(occasion.occurred_at)
        rule = rules.get(occasion.occurred_at)
        terms = draft or (rule.terms if rule else None)
        version = rule.version if rule else None
        used = usage.before(occasion.member_id, day)
        earned = (
            judge(terms, version, occasion, day, used) if terms else without_rule(occasion, day)
        )
        usage.add(occasion.member_id, day, earned.points)
        judged[occasion.reference] = earned
    return judged


def _post(occasions: Mapping[str, Occasion], judged: Mapping[str, Earned]) -> None:
    movements = [
        _credit(occasion, judged[reference])
        for reference, occasion in occasions.items()
        if judged[reference].points
    ]
    for answer in posting.post(movements):
        if isinstance(answer, DomainError):
            raise answer


def _credit(occasion: Occasion, earned: Earned) -> Credit:
    """The points as the ledger takes them; their life is counted from the purchase."""
    days = settings().purchase_points_mature_days
    return Credit(
        occasion.member_id,
        earned.points,
        PURCHASE,
        occasion.reference,
        expiry_of_points(occasion.occurred_at),
        occasion.occurred_at + timedelta(days=days) if days else None,
        earned.explanation,
    )
