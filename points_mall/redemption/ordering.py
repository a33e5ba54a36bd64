"""From what a member asks for to a placement: the reward, the tier, the address."""

from typing import Any

from miniprogram_api.repeats.records import Claim
from points_mall.catalogue.offers import OfferedVariant, offered
from points_mall.catalogue.terms import DELIVERY
from points_mall.tiers.services import require_rank

from .answers import told_when_placed
from .delivery import seal_address
from .errors import DeliveryNeeded
from .placing import Offer, Placement, order_no_for
from .reasons import REDEMPTION


def placement(member_id: int, claim: Claim, asked: dict[str, Any]) -> Placement:
    """The placement that a member asks for.

    :raises NoSuchReward: it is not in the catalogue.
    :raises ChooseVariant: it has several variants, or not the one asked for.
    :raises TierTooLow: it is for members of a higher tier.
    :raises DeliveryNeeded: it is sent by post, and nobody said where to.
    """
    variant = offered(asked["reward_id"], asked.get("variant_id"))
    require_rank(member_id, variant.min_tier_rank)
    return Placement(
        member_id,
        claim,
        _offer(variant),
        asked["quantity"],
        _sealed_address(variant, claim, asked.get("delivery")),
    )


def _offer(variant: OfferedVariant) -> Offer:
    shares_allowance = variant.allowance is not None and len(variant.pool_ids) > 1
    return Offer(
        source="reward",
        source_id=variant.variant_id,
        pool_id=variant.pool_id,
        title=variant.title,
        points=variant.points,
        cash_fen=variant.cash_fen,
        fulfilment=variant.fulfilment,
        is_stocked=variant.is_stocked,
        reason=REDEMPTION,
        describe=told_when_placed,
        is_cancellable=variant.is_cancellable,
        allowance_pools=variant.pool_ids if shares_allowance else (),
        shared_allowance=variant.allowance if shares_allowance else None,
    )


def _sealed_address(
    variant: OfferedVariant, claim: Claim, address: dict[str, str] | None
) -> str | None:
    """The address of a parcel; who picks up leaves none with us."""
    if variant.fulfilment != DELIVERY:
        return None
    if address is None:
        raise DeliveryNeeded("this reward is sent by post")
    return seal_address(order_no_for(claim), address)
