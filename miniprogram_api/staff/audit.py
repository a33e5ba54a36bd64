"""Acts of those who work in the shop, written with what they did and never changed."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import g, has_request_context, request

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction

from .models import StaffAct

COMMAND_LINE = "command"
_LONGEST_REASON = 200


def actor() -> str:
    """Who acts: `staff:<username>` within a call of theirs, else whoever types commands."""
    name = g.get("staff_username") if has_request_context() else None
    return f"staff:{name}" if name else COMMAND_LINE


def record(
    act: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
    by: str | None = None,
) -> None:
    """Write an act into the caller's transaction: it is there exactly when what was done is.

    :param act: what was done, `feature.verb`.
    :param subject: to what, `kind:number`; never a name, a phone number or an openid.
    """
    current_transaction().execute(
        sa.insert(StaffAct),
        {
            "actor": by or actor(),
            "act": act,
            "subject": subject,
            "before": None if before is None else dict(before),
            "after": None if after is None else dict(after),
            "reason": reason and reason[:_LONGEST_REASON],
            "address": request.remote_addr if has_request_context() else None,
            "at": now(),
        },
    )


def acts_on(subject: str) -> sa.Select[StaffAct]:
    """Everything that was done to a subject, the latest first."""
    return sa.select(StaffAct).filter_by(subject=subject).order_by(StaffAct.id.desc())
