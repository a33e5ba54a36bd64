"""What a manager does about abuse: lifts a refusal, blocks an address or a device, lifts a block."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.errors import Conflict
from miniprogram_api.members.accounts import member_by_no
from miniprogram_api.risk import blocks, decisions, subjects
from miniprogram_api.risk.errors import NoSuchDecision
from miniprogram_api.risk.models import Block, RiskDecision
from miniprogram_api.risk.subjects import Kind
from miniprogram_api.staff import audit

from . import member_editing


class BlockOver(Conflict):
    """The block is lifted already, or has ended by itself."""

    code = "block_over"
    title_zh = "该封禁已解除或已到期"
    title_en = "This block is over already"


@retrying
def lift(decision_id: int, reason: str) -> None:
    """Lift a refusal: for some days nothing is refused to its subject for the same reasons.

    :raises NoSuchDecision: there is none.
    """
    with transaction() as session:
        row = session.scalar(sa.select(RiskDecision).filter_by(id=decision_id).with_for_update())
        if row is None:
            raise NoSuchDecision(f"no decision {decision_id}")
        before = _shown(row)
        lifted = decisions.lift(decision_id, actor=audit.actor(), why=reason)
        audit.record(
            "risk.lift",
            f"decision:{decision_id}",
            before=before,
            after=_shown(lifted),
            reason=reason,
        )


def block(kind: Kind, named: str, *, reason: str, days: int | None) -> None:
    """Block somebody, by what staff know: a member number, an address, a device id.

    :raises NotABlockable: that names nobody.
    :raises NotFound: no member has this number.
    """
    if kind is Kind.MEMBER:
        member_editing.block(member_by_no(named).id, reason=reason, days=days)
    else:
        _block_place(kind, subjects.subject_of(kind, named), reason, days)


@retrying
def unblock(block_id: int, reason: str) -> None:
    """Lift one block.

    :raises BlockOver: it is over already.
    """
    with transaction() as session:
        row = session.scalar(
            sa.select(Block)
            .filter_by(id=block_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if row is None or row.lifted_at is not None:
            raise BlockOver(f"block {block_id} is not in force")
        if row.kind == Kind.MEMBER:
            member_editing.unblock(int(row.subject), reason=reason)
            return
        before = _shown_block(row.until)
        blocks.unblock(Kind(row.kind), row.subject, actor=audit.actor())
        audit.record(
            "risk.unblock",
            f"{row.kind}:{row.subject}",
            before=before,
            after={"blocked": False},
            reason=reason,
        )


@retrying
def _block_place(kind: Kind, subject: str, reason: str, days: int | None) -> None:
    until = None if days is None else now() + timedelta(days=days)
    with transaction() as session:
        standing = session.scalar(blocks.in_force().filter_by(kind=kind, subject=subject).limit(1))
        before = {"blocked": False} if standing is None else _shown_block(standing.until)
        blocks.block(kind, subject, reason=reason, actor=audit.actor(), until=until)
        audit.record(
            "risk.block",
            f"{kind.value}:{subject}",
            before=before,
            after=_shown_block(until),
            reason=reason,
        )


def _shown(row: RiskDecision) -> dict[str, Any]:
    return {"lifted": row.lifted_at is not None, "exempt_until": _spelt(row.exempt_until)}


def _shown_block(until: datetime | None) -> dict[str, Any]:
    return {"blocked": True, "until": _spelt(until)}


def _spelt(moment: datetime | None) -> str | None:
    return None if moment is None else in_shop_time(moment).isoformat()
