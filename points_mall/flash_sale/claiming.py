"""The way of a claim, made for storms: facts from the process's memory, then straight to placing."""

from collections.abc import Mapping

from miniprogram_api.core.memory import Memory
from miniprogram_api.repeats.records import Claim, Told, recall
from points_mall.redemption.delivery import seal_address
from points_mall.redemption.errors import DeliveryNeeded
from points_mall.redemption.placing import Placement, order_no_for, place
from points_mall.tiers.errors import TierTooLow
from points_mall.tiers.ladder import tier_of_rank
from points_mall.tiers.services import rank_of

from .sales import SaleItem, sale_of
from .terms import DELIVERY

_ranks = Memory("flash_sale.ranks", rank_of)


def claim_item(
    member_id: int,
    sale_id: int,
    item_id: int,
    claim: Claim,
    address: Mapping[str, str] | None = None,
) -> Told:
    """Claim one unit of an item for a member: an order, or a refusal that says why.

    Outside of placing, neither database nor Redis is asked: what the sale offers, and the ranks of
    members who want gated items, are kept for a second.

    :raises NoSuchSale: there is none.
    :raises NoSuchItem: it is not offered in this sale.
    :raises DeliveryNeeded: it is sent by post, and nobody said where to.
    :raises TierTooLow: it is for higher tiers.
    :raises DomainError: whatever the gate, the units or the points refuse.
    """
    item = sale_of(sale_id).item(item_id)
    if item.min_tier_rank and (refused := _refusal_by_tier(item, member_id)):
        return _first_answer(claim, refused)
    sealed = _sealed(item, claim, address)
    return place(Placement(member_id, claim, item.offer, delivery_sealed=sealed))


def _refusal_by_tier(item: SaleItem, member_id: int) -> TierTooLow | None:
    rank = _ranks.get(member_id) or 0
    if rank >= item.min_tier_rank:
        return None
    return TierTooLow(tier_of_rank(item.min_tier_rank), tier_of_rank(rank))


def _first_answer(claim: Claim, refused: TierTooLow) -> Told:
    """What the claim was answered before the member fell to a lower tier, if it was."""
    known = recall(claim)
    if known is None:
        raise refused
    return Told(known, is_repeat=True)


def _sealed(item: SaleItem, claim: Claim, address: Mapping[str, str] | None) -> str | None:
    if item.fulfilment != DELIVERY:
        return None
    if address is None:
        raise DeliveryNeeded("this item is sent by post")
    return seal_address(order_no_for(claim), address)
