"""What a cashier may do alone, and how a manager lets one thing more be done, once."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now, today
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.core.settings import settings
from miniprogram_api.staff import audit
from miniprogram_api.staff.errors import RoleTooLow
from miniprogram_api.staff.roles import MANAGER, may
from miniprogram_api.staff.signing_in import Proven, prove, prove_by_pin

from .errors import ApprovalNeeded, ApprovalNotValid, OwnApproval
from .models import Approval, TillSale
from .tills import Counter

LASTS = timedelta(minutes=10)
SALE, REFUND = "sale", "refund"
ACTS = (SALE, REFUND)
"""What can be approved: a sale by its quote, a refund by its sale."""


@dataclass(frozen=True)
class Beyond:
    """A limit, and how far beyond it an act would go."""

    limit: str
    most: int
    asked: int

    def told(self) -> dict[str, Any]:
        """As the till is told before it acts."""
        return {"limit": self.limit, "most": self.most, "asked": self.asked}


@dataclass(frozen=True)
class Given:
    """An approval, for whoever asked for it."""

    approval_id: str
    approved_by: str
    expires_at: datetime


def approve(
    counter: Counter,
    *,
    act: str,
    subject: str,
    amount_fen: int,
    username: str,
    password: str = "",
    otp: str | None = None,
    pin: str | None = None,
) -> Given:
    """Let the caller do one thing beyond their limits, once and soon: a manager signs for it.

    :param subject: of a sale its quote, of a refund its sale; `amount_fen` is the most that it covers.
    :param pin: the manager's; None: the password, with the code where there is a second factor.
    :raises SignInRefused: user name, PIN, password or code is wrong; counted.
    :raises RoleTooLow: somebody who may not approve, or not in this store.
    :raises OwnApproval: nobody approves for themselves.
    """
    person = prove(username, password, otp) if pin is None else prove_by_pin(username, pin)
    _require_may_approve(counter, person)
    facts = {"act": act, "subject": subject, "amount_fen": amount_fen}
    return _sign(counter, person, facts)


@retrying
def _sign(counter: Counter, person: Proven, facts: dict[str, Any]) -> Given:
    moment, reference = now(), f"A{secrets.token_hex(15)}"
    with transaction() as session:
        session.add(
            Approval(
                **facts,
                reference=reference,
                asked_by=counter.staff.staff_id,
                approved_by=person.staff_id,
                approved_at=moment,
                expires_at=moment + LASTS,
            )
        )
        told = {"amount_fen": facts["amount_fen"], "asked_by": counter.actor}
        subject, signer = f"{facts['act']}:{facts['subject']}", f"staff:{person.username}"
        audit.record("till.approve", subject, after=told, by=signer)
    return Given(reference, person.username, moment + LASTS)


def _require_may_approve(counter: Counter, person: Proven) -> None:
    if not may(person.role, MANAGER.code):
        raise RoleTooLow("a manager approves", required=MANAGER.code, yours=person.role)
    if person.store is not None and person.store != counter.store:
        raise RoleTooLow("a manager of this store approves", required=MANAGER.code)
    if person.staff_id == counter.staff.staff_id:
        raise OwnApproval("somebody else has to approve")


def require(
    counter: Counter,
    beyond: Beyond | None,
    *,
    act: str,
    subject: str,
    amount_fen: int,
    approval_id: str | None,
) -> None:
    """In the caller's transaction: let an act through that is within limits, or use its approval.

    :raises ApprovalNeeded: it is beyond them, and no approval is named.
    :raises ApprovalNotValid: the one that is named is for something else, too old, or used.
    """
    if beyond is None:
        return
    if approval_id is None:
        raise ApprovalNeeded(
            f"{beyond.asked} is more than {beyond.most}: {beyond.limit}", **beyond.told()
        )
    moment = now()
    used = current_transaction().execute(
        sa.update(Approval)
        .where(
            Approval.reference == approval_id,
            Approval.act == act,
            Approval.subject == subject,
            Approval.amount_fen >= amount_fen,
            Approval.asked_by == counter.staff.staff_id,
            Approval.used_at.is_(None),
            Approval.expires_at > moment,
        )
        .values(used_at=moment)
        .returning(Approval.id)
        .execution_options(synchronize_session=False)
    )
    if used.first() is None:
        raise ApprovalNotValid("it is for something else, for somebody else, too old, or used")


# ------------------------------------------------------------------ the limits


def beyond_for_sale(counter: Counter, member_id: int | None, gross_fen: int) -> Beyond | None:
    """Which limit a sale would pass; None: none."""
    if not is_limited(counter):
        return None
    most = settings().till_sale_limit_fen
    if 0 < most < gross_fen:
        return Beyond("sale_amount", most, gross_fen)
    most = settings().till_member_sales_per_day
    if member_id is None or most == 0:
        return None
    done = _sales_today(counter.staff.staff_id, member_id)
    return Beyond("member_sales", most, done + 1) if done >= most else None


def beyond_for_refund(counter: Counter, refunded_fen: int) -> Beyond | None:
    """Which limit a refund would pass.

    :param refunded_fen: of the sale with this refund: who divides a refund does not evade the limit.
    """
    most = settings().till_refund_limit_fen
    if is_limited(counter) and 0 < most < refunded_fen:
        return Beyond("refund_amount", most, refunded_fen)
    return None


def is_limited(counter: Counter) -> bool:
    """Whether somebody acts within limits; a manager acts on their own authority."""
    return not may(counter.staff.role, MANAGER.code)


def _sales_today(staff_id: int, member_id: int) -> int:
    """How often somebody sold to a member today; under the member's lock it stays so."""
    query = sa.select(sa.func.count(TillSale.id)).filter_by(
        staff_id=staff_id, member_id=member_id, sold_on=today()
    )
    return int(db.session.scalar(query) or 0)
