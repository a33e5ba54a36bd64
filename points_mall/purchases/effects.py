"""What a paid purchase brings its member: points, cashback, stored value, growth."""

from collections.abc import Mapping, Sequence
from typing import cast

from sqlalchemy.orm import Session

from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.shares import allot
from points_mall.earning import services as earning
from points_mall.earning.facts import REDEMPTION, SHIPPING, TOP_UP, BoughtLine, Occasion
from points_mall.tiers.benefits import benefits_of
from points_mall.tiers.growing import Growth, grow
from points_mall.wallet import posting as wallet
from points_mall.wallet.movements import Credit
from points_mall.wallet.reasons import CASHBACK
from points_mall.wallet.services import TopUp
from points_mall.wallet.services import top_up as top_up_wallets

from .facts import purchase_reference
from .loading import Person, people
from .records import PurchaseRecord
from .states import Purpose

_OWN_CATEGORY = {Purpose.REDEMPTION.value: REDEMPTION, Purpose.TOP_UP.value: TOP_UP}
"""What is no sale of goods has one category of its own."""


def take_effect(purchases: Sequence[PurchaseRecord], occasions: Sequence[Occasion]) -> None:
    """Give members what their purchases bring, and note it in the records.

    All are paid and have an open member, whose account is locked. In the caller's transaction.

    :param occasions: of the same purchases, in the same order.
    """
    earned = earning.award(occasions)
    for purchase, one in zip(purchases, earned, strict=True):
        purchase.points_earned, purchase.cashback_fen = one.points, one.cashback_fen
        purchase.explanation = {**(purchase.explanation or {}), "earned": one.explanation}
    _credit_cashback([purchase for purchase in purchases if purchase.cashback_fen])
    top_up_wallets([_top_up(one) for one in purchases if one.purpose == Purpose.TOP_UP])
    grow([_growth(one) for one in purchases if one.purpose != Purpose.TOP_UP])


def occasions_of(
    session: Session,
    purchases: Sequence[PurchaseRecord],
    persons: Mapping[int, Person] | None = None,
) -> list[Occasion]:
    """Purchases as the earning rule takes them; of several by a new member the first is the first.

    Drafts that are not written anywhere may be asked about too: a quote is made by the same code.

    :param persons: their members, where the caller has read them already.
    """
    if not purchases:
        return []
    member_ids = [_owner(purchase) for purchase in purchases]
    persons = people(session, member_ids) if persons is None else persons
    benefits = benefits_of(sorted(set(member_ids)))
    buyers = {member_id for member_id, person in persons.items() if person.has_bought}
    occasions = []
    for purchase, member_id in zip(purchases, member_ids, strict=True):
        is_sale = purchase.purpose == Purpose.SALE
        occasions.append(
            Occasion(
                member_id=member_id,
                reference=purchase_reference(*purchase.key),
                occurred_at=purchase.paid_at or purchase.placed_at,
                lines=bought_lines(purchase),
                source=purchase.source,
                multiplier_bp=benefits[member_id].points_multiplier_bp,
                birthday=persons[member_id].birthday if member_id in persons else None,
                is_first=is_sale and member_id not in buyers,
            )
        )
        if is_sale:
            buyers.add(member_id)
    return occasions


def bought_lines(purchase: PurchaseRecord) -> tuple[BoughtLine, ...]:
    """What earns: of each line, its share of what was paid in money."""
    own = _OWN_CATEGORY.get(purchase.purpose)
    parts = allot(purchase.money_fen, [line.payable_fen for line in purchase.lines])
    return tuple(
        BoughtLine(line.category if own is None or line.category == SHIPPING else own, part)
        for line, part in zip(purchase.lines, parts, strict=True)
    )


def _credit_cashback(purchases: Sequence[PurchaseRecord]) -> None:
    given = [
        Credit(
            _owner(purchase),
            principal_fen=0,
            bonus_fen=purchase.cashback_fen,
            reason=CASHBACK,
            reference=purchase_reference(*purchase.key),
        )
        for purchase in purchases
    ]
    for answer in wallet.post(given):
        if isinstance(answer, DomainError):
            raise answer  # a promised amount is never refused; whatever this is must end it all


def _top_up(purchase: PurchaseRecord) -> TopUp:
    """The plan as it was when it was bought."""
    plan = (purchase.explanation or {}).get("plan", {})
    return TopUp(
        _owner(purchase),
        purchase.subject or "",
        purchase.total_fen,
        int(plan.get("bonus_fen", 0)),
        purchase_reference(*purchase.key),
    )


def _growth(purchase: PurchaseRecord) -> Growth:
    return Growth(
        member_id=_owner(purchase),
        amount_fen=purchase.money_fen,
        purchases=1,
        points=purchase.points_earned,
        occurred_at=purchase.paid_at or purchase.placed_at,
        reference=purchase_reference(*purchase.key),
    )


def _owner(purchase: PurchaseRecord) -> int:
    return cast(int, purchase.member_id)
