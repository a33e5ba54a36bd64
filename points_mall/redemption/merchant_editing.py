"""What staff do to orders from their pages: each is one transaction and leaves its act."""

from collections.abc import Callable, Sequence
from typing import Any

from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.errors import Unprocessable
from miniprogram_api.staff import audit

from . import services
from .delivery import open_address
from .models import RedemptionOrder
from .orders import order_with
from .shipment_lines import is_tracking_no


class TrackingNumberInvalid(Unprocessable):
    """A carrier's number is 5 to 40 letters, digits and dashes."""

    code = "tracking_number_invalid"
    title_zh = "运单号格式不对：5–40 位字母、数字或横线"
    title_en = "This is no carrier's number: 5 to 40 letters, digits, dashes"


def mark_ready(order_no: str) -> None:
    """The reward waits at the counter now.

    :raises StepNotAllowed: it is not an order to be picked up that waits for its reward.
    """
    _recorded("order.ready", order_no, lambda: services.mark_ready(order_no))


def ship(order_no: str, carrier: str, tracking_no: str) -> None:
    """The reward is on its way.

    :raises TrackingNumberInvalid: that is no carrier's number.
    :raises StepNotAllowed: it is not an order to be delivered that waits to be sent.
    """
    number = tracking_no.replace(" ", "")
    if not is_tracking_no(number):
        raise TrackingNumberInvalid("5 to 40 letters, digits, dashes")
    _recorded("order.ship", order_no, lambda: services.ship(order_no, carrier, number))


def receive(order_no: str) -> None:
    """The parcel has arrived.

    :raises StepNotAllowed: it was not sent, or has arrived before.
    """
    _recorded("order.receive", order_no, lambda: services.receive(order_no))


def cancel(order_no: str, reason: str) -> None:
    """Cancel an order: units, points and cash go back to where they came from.

    :raises StepNotAllowed: it has gone too far.
    """
    _recorded("order.cancel", order_no, lambda: services.cancel_by_shop(order_no), reason)


@retrying
def see_addresses(order_nos: Sequence[str], act: str) -> list[tuple[RedemptionOrder, Any]]:
    """Orders with where they are sent, in clear; who looked at which is written down.

    :param act: what it is for: `order.see_address`, `order.print_slip`, `order.export_address`.
    """
    with transaction():
        found = [order_with(order_no) for order_no in order_nos]
        for order in found:
            audit.record(act, f"order:{order.order_no}")
    return [(order, open_address(order.order_no, order.delivery_sealed)) for order in found]


@retrying
def _recorded(act: str, order_no: str, step: Callable[[], None], reason: str | None = None) -> None:
    with transaction() as session:
        order = order_with(order_no)
        before = _shown(order)
        step()
        session.refresh(order)
        audit.record(act, f"order:{order_no}", before=before, after=_shown(order), reason=reason)


def _shown(order: RedemptionOrder) -> dict[str, Any]:
    shown = {
        "status": str(order.status),
        "carrier": order.carrier,
        "tracking_no": order.tracking_no,
        "cancel_reason": order.cancel_reason,
    }
    return {name: value for name, value in shown.items() if value is not None}
