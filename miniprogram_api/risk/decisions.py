"""Decisions: judged, recorded when they refuse, lifted by staff."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now, to_day
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.settings import settings

from . import rules
from .errors import NoSuchDecision, RiskDenied
from .models import RiskDecision
from .rules import Judgement, Limits, Signals, Verdict

REFUSED_FROM: dict[str, Verdict] = {"enrol": Verdict.DENY, "referral": Verdict.CHALLENGE}
"""By action: from which verdict on it is a refusal."""


@dataclass(frozen=True)
class Decision:
    """What was decided about a subject who wanted to do something, and from which figures."""

    subject: str
    action: str
    judgement: Judgement
    signals: Signals
    is_lifted: bool = False

    @property
    def refuses(self) -> bool:
        """Whether the subject may not."""
        harsh = self.judgement.verdict.severity >= REFUSED_FROM[self.action].severity
        return harsh and not self.is_lifted


def declare(action: str, refused_from: Verdict) -> None:
    """Let a feature above name an action, and from which verdict on it is refused."""
    REFUSED_FROM[action] = refused_from


def limits() -> Limits:
    """From where on figures count, by the settings of today."""
    chosen = settings()
    return Limits(
        chosen.risk_members_per_device,
        chosen.risk_members_per_address,
        chosen.risk_friends_per_inviter,
        timedelta(hours=chosen.risk_young_account_hours),
    )


def decide(subject: str, action: str, signals: Signals) -> Decision:
    """Judge a subject; staff who lifted an earlier refusal for the same reasons have the last word.

    Reads the database only where it would refuse. Records nothing: see `record`.
    """
    decision = Decision(subject, action, rules.judge(signals, limits()), signals)
    if decision.refuses and _is_exempt(decision):
        return Decision(subject, action, decision.judgement, signals, is_lifted=True)
    return decision


@retrying
def record(decision: Decision) -> int:
    """Write a refusal down, or count it where the same was written today; answer its number."""
    moment = now()
    place = {
        "subject": decision.subject,
        "action": decision.action,
        "day": to_day(moment),
        "reasons": ",".join(decision.judgement.reasons),
    }
    with transaction() as session:
        row = {
            **place,
            "verdict": decision.judgement.verdict.value,
            "inputs": decision.signals.as_inputs(),
            "rule_version": decision.judgement.rule_version,
            "times": 0,
            "first_at": moment,
            "last_at": moment,
        }
        bulk.insert_missing(session, RiskDecision.__table__, [row])
        counted = (
            sa.update(RiskDecision)
            .filter_by(**place)
            .values(times=RiskDecision.times + 1, last_at=moment)
            .returning(RiskDecision.id)
            .execution_options(synchronize_session=False)
        )
        return session.execute(counted).scalar_one()


def denied(decision: Decision) -> RiskDenied:
    """Record a refusal; the error that the caller raises, with the number by which staff find it."""
    return RiskDenied("refused by the rules against abuse", decision_id=str(record(decision)))


@retrying
def lift(decision_id: int, *, actor: str, why: str) -> RiskDecision:
    """Lift a refusal: for some days nothing is refused to its subject for the same reasons.

    How long is a setting. Lifting it again begins the time anew.

    :raises NoSuchDecision: there is none.
    """
    with transaction() as session:
        row = session.get(RiskDecision, decision_id, with_for_update=True, populate_existing=True)
        if row is None:
            raise NoSuchDecision(f"no decision {decision_id}")
        row.lifted_at, row.lifted_by, row.lifted_why = now(), actor, why
        row.exempt_until = now() + timedelta(days=settings().risk_lift_days)
        return row


def latest(subject: str | None = None) -> sa.Select[RiskDecision]:
    """A query for refusals, the latest first."""
    query = sa.select(RiskDecision).order_by(RiskDecision.last_at.desc(), RiskDecision.id.desc())
    return query if subject is None else query.filter_by(subject=subject)


def forget_before(moment: datetime) -> int:
    """Delete refusals that were last repeated before `moment`; answer how many that were."""
    with transaction() as session:
        old = sa.delete(RiskDecision).where(RiskDecision.last_at < moment)
        return session.execute(old).rowcount  # type: ignore[attr-defined,no-any-return]


def _is_exempt(decision: Decision) -> bool:
    """Whether staff have lifted refusals of this subject for all of today's reasons."""
    lifted = db.session.scalars(
        sa.select(RiskDecision.reasons)
        .filter_by(subject=decision.subject, action=decision.action)
        .where(RiskDecision.exempt_until > now())
    )
    forgiven = {reason for reasons in lifted for reason in reasons.split(",")}
    return bool(forgiven) and forgiven.issuperset(decision.judgement.reasons)
