"""What staff do to a member from the member's page: each function is one transaction and leaves an act."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.errors import Conflict, Unprocessable
from miniprogram_api.members import services
from miniprogram_api.members.accounts import locked_member, member_of
from miniprogram_api.members.exports import export_personal_data
from miniprogram_api.risk import blocks
from miniprogram_api.risk.models import Block
from miniprogram_api.risk.subjects import Kind
from miniprogram_api.staff import audit


class NotBlocked(Conflict):
    """There is no block to lift: somebody else has lifted it, or it is over."""

    code = "not_blocked"
    title_zh = "该会员没有生效的封禁"
    title_en = "This member is not blocked"


class NumberDiffers(Unprocessable):
    """What was typed to confirm is not the member's number."""

    code = "number_differs"
    title_zh = "输入的会员号不一致"
    title_en = "This is not the member's number"


def block_of(member_id: int) -> Block | None:
    """The block of a member that is in force."""
    mine = blocks.in_force().filter_by(kind=Kind.MEMBER, subject=str(member_id))
    return db.session.scalars(mine.limit(1)).first()


def blocks_of(member_id: int) -> sa.Select[Block]:
    """A query for every block that a member has had, the latest first."""
    mine = sa.select(Block).filter_by(kind=Kind.MEMBER, subject=str(member_id))
    return mine.order_by(Block.id.desc())


@retrying
def block(member_id: int, *, reason: str, days: int | None) -> None:
    """Block a member from now on, in place of a block that stands; None: until it is lifted.

    :raises AccountClosed: there is nobody to block.
    """
    until = None if days is None else now() + timedelta(days=days)
    with transaction():
        member = locked_member(member_id)
        before = _told(block_of(member_id))
        blocks.block(Kind.MEMBER, str(member_id), reason=reason, actor=audit.actor(), until=until)
        audit.record(
            "member.block",
            f"member:{member.member_no}",
            before=before,
            after={"blocked": True, "until": _spelt(until)},
            reason=reason,
        )


@retrying
def unblock(member_id: int, *, reason: str) -> None:
    """Lift a member's block.

    :raises NotBlocked: there is none.
    """
    with transaction():
        member = locked_member(member_id)
        before = _told(block_of(member_id))
        if not before["blocked"]:
            raise NotBlocked("no block of this member is in force")
        blocks.unblock(Kind.MEMBER, str(member_id), actor=audit.actor())
        audit.record(
            "member.unblock",
            f"member:{member.member_no}",
            before=before,
            after={"blocked": False},
            reason=reason,
        )


def export(member_id: int, *, reason: str) -> dict[str, Any]:
    """Everything about a member, for the member; nothing of it is kept but that it was asked for.

    :raises AccountClosed: nothing personal is left.
    """
    member_no = member_of(member_id).member_no
    told = export_personal_data(member_id)
    with transaction():
        after = {"parts": sorted(told)}
        audit.record("member.export", f"member:{member_no}", after=after, reason=reason)
    return told


@retrying
def erase(member_id: int, *, typed_no: str, reason: str) -> None:
    """Close a member's account on demand, for good.

    :raises NumberDiffers: who erases has not typed the number of this member.
    :raises WalletNotEmpty: there is money in the wallet that the member paid in.
    """
    with transaction():
        member = locked_member(member_id, closing=True)
        if typed_no.replace(" ", "") != member.member_no:
            raise NumberDiffers("type the number that stands above")
        before = {"closed": False, "joined_at": _spelt(member.joined_at)}
        services.close_account(member_id)
        audit.record(
            "member.erase",
            f"member:{member.member_no}",
            before=before,
            after={"closed": True},
            reason=reason,
        )


@retrying
def note_list_export(facts: dict[str, Any]) -> None:
    """Write down that a list of members was taken away as a file, and how it was asked for."""
    with transaction():
        audit.record("member.export_list", "members", after=facts)


def _told(found: Block | None) -> dict[str, Any]:
    if found is None:
        return {"blocked": False}
    return {"blocked": True, "until": _spelt(found.until)}


def _spelt(moment: datetime | None) -> str | None:
    return None if moment is None else in_shop_time(moment).isoformat()
