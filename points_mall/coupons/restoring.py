"""What refunds bring back of coupons, by the policy in each coupon's own terms.

In the caller's transaction, counted from everything that was refunded so far, so that any number of
partial refunds adds up. What is recorded is the coupon's history; a repeat brings back nothing more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from miniprogram_api.core import bulk, clock
from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.shares import share_so_far

from .history import SYSTEM, Note, note_all
from .holding import change_all, conditioned, coupons, locked_rows
from .numbers import new_number
from .reasons import RESTORED
from .spelling import spelt
from .states import Happened, State
from .templates import read_terms
from .terms import CouponTerms, Policy

TITLE_ZH, TITLE_EN = "退款返还券", "Returned by a refund"
_USED_FOR = conditioned(among(coupons.c.used_for, "references"))


@dataclass(frozen=True)
class Restoration:
    """So much of a bill has gone back, counted from its payment on.

    :param reference: the bill's, as the coupons were used for it.
    :param refunded_fen: everything refunded so far, of `paid_fen`, in one unit.
    :param by: the refund's own reference.
    """

    reference: str
    refunded_fen: int
    paid_fen: int
    by: str
    actor: str = SYSTEM

    @property
    def is_whole(self) -> bool:
        """Whether all of the bill has gone back; of one that cost nothing any refund is all of it."""
        return self.refunded_fen >= self.paid_fen


@dataclass(frozen=True)
class Restored:
    """What came back of one coupon.

    :param code: the coupon itself, or the new one that stands for a share of it.
    :param worth_fen: what that share is worth; for a coupon that came back itself what it took off.
    """

    reference: str
    coupon: str
    code: str
    worth_fen: int
    valid_until: datetime


def restore(restorations: Sequence[Restoration]) -> list[Restored]:
    """Bring back what the refunds of these bills bring back, in a constant number of statements.

    - `whole`: the coupon itself, once the whole bill has gone back;
    - `by_share`: the coupon itself if all goes back at once; else, of what it took off, the share that
      is due so far and has not come back yet, as a new coupon with that amount;
    - `never`: nothing.
    """
    last = {one.reference: one for one in sorted(restorations, key=lambda one: one.refunded_fen)}
    rows = locked_rows(_USED_FOR, references=sorted(last))
    wholes, shares = [], []
    for row in rows:
        one, policy = last[row.used_for], read_terms(row.terms).restore.policy
        if policy is Policy.NEVER:
            continue
        if one.is_whole and not row.restored_fen:
            wholes.append((one, row))
        elif policy is Policy.BY_SHARE:
            due = share_so_far(row.took_fen, min(one.refunded_fen, one.paid_fen), one.paid_fen)
            if due > row.restored_fen:
                shares.append((one, row, due - row.restored_fen))
    return _bring_back(wholes) + _bring_shares(shares)


def _bring_back(wholes: Sequence[tuple[Restoration, Any]]) -> list[Restored]:
    moment = clock.now()
    step = {
        "state": State.UNUSED.value,
        "changed_at": moment,
        "used_for": None,
        "took_fen": None,
        "restored_fen": 0,
    }
    back = [(one, row, _lives_until(row, moment)) for one, row in wholes]
    change_all([{"id": row.id, "valid_until": until, **step} for _one, row, until in back])
    note_all(
        Note(
            row.id,
            Happened.RESTORED,
            one.by,
            {"took_fen": row.took_fen, **_extension(row, until)},
            one.actor,
        )
        for one, row, until in back
    )
    return [
        Restored(one.reference, row.code, row.code, row.took_fen, until) for one, row, until in back
    ]


def _bring_shares(shares: Sequence[tuple[Restoration, Any, int]]) -> list[Restored]:
    """New coupons, each worth the share of an old one that is due now."""
    moment = clock.now()
    drafts = [(one, row, worth, _child(one, row, worth, moment)) for one, row, worth in shares]
    change_all(
        [{"id": row.id, "restored_fen": row.restored_fen + worth} for _, row, worth, _ in drafts]
    )
    made = bulk.insert(
        current_transaction(), coupons, [child for *_, child in drafts], returning=("id", "code")
    )
    ids = {row.code: row.id for row in made}
    notes = []
    for one, row, worth, child in drafts:
        told = {"worth_fen": worth, "coupon": child["code"]}
        notes.append(Note(row.id, Happened.SHARED, one.by, told, one.actor))
        origin = {"share_of": row.code, "worth_fen": worth}
        notes.append(Note(ids[child["code"]], Happened.ISSUED, one.by, origin, one.actor))
    note_all(notes)
    return [
        Restored(one.reference, row.code, child["code"], worth, child["valid_until"])
        for one, row, worth, child in drafts
    ]


def _child(one: Restoration, row: Any, worth: int, moment: datetime) -> dict[str, Any]:
    terms = share_of(read_terms(row.terms), worth)
    until = _lives_until(row, moment)
    copied = ("template_id", "version", "member_id")
    return {
        **{name: getattr(row, name) for name in copied},
        "title_zh": TITLE_ZH,
        "title_en": TITLE_EN,
        "code": new_number(),
        "terms": spelt(terms),
        "state": State.UNUSED.value,
        "reason": RESTORED,
        "reference": f"{one.by}:{row.code}",
        "number": 0,
        "issued_at": moment,
        "issued_on": clock.to_day(moment),
        "valid_from": min(row.valid_from, until),
        "valid_until": until,
        "changed_at": moment,
        "restored_fen": 0,
    }


def share_of(terms: CouponTerms, worth_fen: int) -> CouponTerms:
    """The terms of a coupon that is worth a part of another: its threshold falls in the same measure,
    rounded up, so that the part never asks for less than it should.
    """
    threshold = -(-terms.threshold_fen * worth_fen // terms.amount_fen)
    return replace(terms, amount_fen=worth_fen, threshold_fen=threshold, giftable=False)


def _lives_until(row: Any, moment: datetime) -> datetime:
    """The end of a coupon that comes back: its own, or so many whole days from now, the later."""
    end: datetime = row.valid_until
    days = read_terms(row.terms).restore.extend_days
    if days == 0:
        return end
    return max(end, clock.starts_at(clock.to_day(moment) + timedelta(days=days + 1)))


def _extension(row: Any, until: datetime) -> dict[str, str]:
    if until == row.valid_until:
        return {}
    return {
        "extended_from": clock.in_shop_time(row.valid_until).isoformat(),
        "extended_to": clock.in_shop_time(until).isoformat(),
    }
