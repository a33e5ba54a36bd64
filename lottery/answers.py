"""What a member hears of a draw, as plain JSON: told when it is made, kept for repeats."""

from typing import Any

from .giving import Drawn
from .versions import Prize


def told_draw(one: Drawn, chances: int) -> dict[str, Any]:
    """The answer to who has just drawn."""
    return {
        "draw_no": one.draw_no,
        "prize": told_prize(one.granted),
        "granted": {**one.told, **_told_order(one.order)},
        "paid_by": one.payment.by,
        "points": one.payment.points,
        "points_available": one.available,
        "chances": chances,
        "proof": {
            "commitment": one.commitment,
            "period": one.day.isoformat(),
            "draw_index": one.draw_index,
        },
    }


def told_prize(prize: Prize) -> dict[str, Any]:
    """Which prize it is."""
    return {
        "id": str(prize.id),
        "name": prize.name,
        "kind": prize.kind,
        "position": prize.position,
    }


def _told_order(order: dict[str, Any] | None) -> dict[str, Any]:
    if order is None:
        return {}
    return {"status": order["status"], "pickup_code": order["pickup_code"]}
