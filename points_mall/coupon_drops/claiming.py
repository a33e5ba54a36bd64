"""Claiming, made for storms: facts from the process's memory, one gate call and one transaction for
all who arrive together.

In that transaction, in lock order: accounts, keys of repeats, units, coupons. A refusal fails alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.crypto import blind_index
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.group_commit import group_of
from miniprogram_api.core.memory import Memory
from miniprogram_api.repeats.records import Answer, Claim, Told, recall, store_all
from points_mall.coupons import audience
from points_mall.coupons.errors import NotForYou
from points_mall.coupons.issuing import Issue, Issued, issue
from points_mall.coupons.terms import Audience
from points_mall.coupons.words import summary
from points_mall.ledger import posting
from points_mall.stock import claiming, sold_out, taking
from points_mall.stock.errors import SoldOut
from points_mall.stock.gate import Want
from points_mall.stock.taking import Try

from .drops import Drop, drop_of

DROP = "drop"
"""Why a coupon was issued: it was won in a drop. Its reference is the number of the claim."""


@dataclass(frozen=True)
class Wish:
    """A member wants a coupon of a drop, under an idempotency key.

    :param language: in which the answer, which is kept for repeats, is written.
    """

    member_id: int
    drop: Drop
    claim: Claim
    claim_no: str
    language: str


def claim_coupon(member_id: int, drop_id: int, claim: Claim, language: str) -> Told:
    """Claim one coupon of a drop for a member, together with whoever arrives at the same time.

    :raises NoSuchDrop: there is none.
    :raises NotForYou: it is for other members.
    :raises DomainError: whatever the gate, the units or the coupon's limits refuse; nothing has moved.
    """
    drop = drop_of(drop_id)
    if drop.template.terms.audience != Audience() and (refused := _refusal(drop, member_id)):
        return _first_answer(claim, refused)
    if sold_out.is_known(drop.pool_id, member_id):
        raise SoldOut
    db.session.rollback()  # nobody keeps a connection while waiting for the group
    wish = Wish(member_id, drop, claim, claim_no_for(claim, drop_id), language)
    return group_of("coupon_drops", claim_all).submit(wish)


def claim_no_for(claim: Claim, drop_id: int) -> str:
    """The number that a key stands for in a drop: whoever repeats the key means this coupon."""
    return "K" + blind_index(f"{claim.scope}:{claim.key}:{drop_id}", "claim_no")[:20].upper()


def claim_all(wishes: Sequence[Wish]) -> list[Told | Exception]:
    """Claim for a group; each is answered or refused by itself."""
    tries = [Try(one.drop.pool_id, Want(one.member_id, one.claim_no), one) for one in wishes]
    claimed: dict[str, Told] = {}
    taking.take(tries, lambda some: _write(some, claimed))
    return [one.refusal or claimed[one.want.order_no] for one in tries]


def _write(tries: Sequence[Try[Wish]], claimed: dict[str, Told]) -> None:
    """One transaction: own the units, issue the coupons, keep the answers."""
    fresh: dict[str, Told] = {}
    with transaction() as session:
        posting.lock_accounts(one.want.member_id for one in tries)
        first = claiming.claim_units(session, tries, [one.item.claim for one in tries])
        for one, known in zip(tries, first, strict=True):
            if known is not None:
                fresh[one.want.order_no] = Told(known, is_repeat=True)
        answers = []
        for one, issued in _issue(claiming.owners(tries)):
            answer = Answer(201, _described(one, issued))
            fresh[one.want.order_no] = Told(answer)
            answers.append((one.item.claim, answer))
        store_all(session, answers)
    claimed |= fresh


def _issue(owners: Sequence[Try[Wish]]) -> list[tuple[Try[Wish], Issued]]:
    """Issue each owner's coupon; who may have no more of its template gives the unit up."""
    issues = [
        Issue(
            one.item.member_id,
            one.item.drop.template.code,
            DROP,
            one.item.claim_no,
            facts={"drop": one.item.drop.id, "unit_no": one.unit_nos[0]},
        )
        for one in owners
    ]
    won: list[tuple[Try[Wish], Issued]] = []
    refused: list[tuple[Try[Wish], DomainError]] = []
    for one, answer in zip(owners, issue(issues), strict=True):
        if isinstance(answer, DomainError):
            refused.append((one, answer))
        else:
            won.append((one, answer))
    claiming.give_up([one for one, _ in refused], [refusal for _, refusal in refused])
    return won


def _described(one: Try[Wish], issued: Issued) -> dict[str, Any]:
    """The answer to a claim, kept for its repeats."""
    language, template = one.item.language, issued.template
    return {
        "drop_id": str(one.item.drop.id),
        "unit_no": one.unit_nos[0],
        "code": issued.codes[0],
        "template": template.code,
        "title": template.title_en if language == "en" else template.title_zh,
        "summary": summary(template.terms, language),
        "valid_from": in_shop_time(issued.valid_from).isoformat(),
        "valid_until": in_shop_time(issued.valid_until).isoformat(),
    }


def _objection(asked: tuple[Audience, int]) -> NotForYou | bool:
    """Why a coupon is not for a member; False: it is."""
    terms, member_id = asked
    return audience.refusals(terms, [member_id]).get(member_id, False)


_objections = Memory("coupon_drops.objections", _objection)


def _refusal(drop: Drop, member_id: int) -> NotForYou | None:
    """Who is not meant does not reach the gate; what is known of a member is kept for a second."""
    objection = _objections.get((drop.template.terms.audience, member_id))
    return objection if isinstance(objection, NotForYou) else None


def _first_answer(claim: Claim, refused: NotForYou) -> Told:
    """What the claim was answered while the coupon was still for this member, if it was."""
    known = recall(claim)
    if known is None:
        raise refused
    return Told(known, is_repeat=True)
