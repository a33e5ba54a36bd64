"""What it costs a member to have something sent, before tier and coupons."""

from miniprogram_api.core.settings import settings

from .terms import DELIVERY


def shipping_fen(fulfilment: str) -> int:
    """Once for an order, however much is in it; what is picked up costs nothing."""
    return settings().shipping_fen if fulfilment == DELIVERY else 0
