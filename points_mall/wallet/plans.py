"""Top-up plans: what the shop offers for paying in, and how much a wallet may hold."""

import sqlalchemy as sa

from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.settings import settings

from .errors import NoSuchPlan, WalletFull
from .models import WalletPlan
from .statements import figures_of


def plans_of_the_shop(*, listed_only: bool = True) -> list[WalletPlan]:
    """The plans, the smallest first; those that are not offered any more only on demand."""
    query = sa.select(WalletPlan).order_by(WalletPlan.pay_fen, WalletPlan.code)
    if listed_only:
        query = query.where(WalletPlan.is_listed)
    return list(db.session.scalars(query))


def offered_plan(code: str) -> WalletPlan:
    """A plan that can be bought now.

    :raises NoSuchPlan: there is none of that code, or it is not offered any more.
    """
    plan = db.session.get(WalletPlan, code)
    if plan is None or not plan.is_listed:
        raise NoSuchPlan(f"no top-up plan {code!r} is offered")
    return plan


def require_room(member_id: int, pay_fen: int) -> None:
    """See that the wallet may hold so much more principal, before a plan is paid for.

    :raises WalletFull: it may not.
    """
    most_fen = settings().wallet_most_principal_fen
    would_be = figures_of(member_id).principal_fen + pay_fen
    if most_fen and would_be > most_fen:
        raise WalletFull(would_be, most_fen)


def put_plan(code: str, *, title: str, pay_fen: int, bonus_fen: int) -> None:
    """Offer a plan, or change it for those who buy it from now on."""
    with transaction() as session:
        plan = WalletPlan(
            code=code, title=title, pay_fen=pay_fen, bonus_fen=bonus_fen, is_listed=True
        )
        session.merge(plan)


def unlist_plan(code: str) -> None:
    """Offer a plan no longer; what was bought of it stays.

    :raises NoSuchPlan: there is none of that code.
    """
    with transaction() as session:
        plan = session.get(WalletPlan, code)
        if plan is None:
            raise NoSuchPlan(f"no top-up plan {code!r}")
        plan.is_listed = False
