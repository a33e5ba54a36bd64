"""Coupons for points: the debit and the coupon are one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from miniprogram_api.core import clock
from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.errors import DomainError
from points_mall.ledger import posting

from . import audience
from .errors import NoSuchTemplate
from .issuing import Issue, Issued, issue
from .reasons import EXCHANGE, POINTS
from .templates import Template, all_templates, template_with


@dataclass(frozen=True)
class Exchanged:
    """The coupon, and what the member can spend right after."""

    issued: Issued
    points_available: int


def exchangeable() -> Sequence[Template]:
    """The templates that are offered for points today, the newest first."""
    return [one for one in all_templates(listed_only=True) if _is_offered(one)]


@retrying
def exchange(member_id: int, template_code: str, reference: str) -> Exchanged:
    """Give points for a coupon; a repeat of the same reference answers with the first coupon.

    :raises NoSuchTemplate: it is not offered for points.
    :raises NotForYou: it is for other members.
    :raises CouponLimitUsed: the member has had as many as one may.
    :raises InsufficientPoints: it costs more than the member can spend.
    """
    with transaction():
        posting.lock_accounts([member_id])
        template = template_with(template_code)
        if not _is_offered(template):
            raise NoSuchTemplate(
                f"{template_code} is not offered for points", template=template_code
            )
        audience.require(template.terms.audience, member_id)
        (issued,) = issue([Issue(member_id, template_code, POINTS, reference)])
        if isinstance(issued, DomainError):
            raise issued
        posted = posting.debit(
            member_id,
            template.terms.points_price or 0,
            reason=EXCHANGE,
            reference=reference,
            explanation={"template": template.code, "title": template.title_zh},
        )
        return Exchanged(issued, posted.available)


def _is_offered(template: Template) -> bool:
    terms = template.terms
    is_for_sale = template.is_listed and terms.points_price is not None
    return is_for_sale and not terms.validity.is_over(clock.today())
