"""Coupons as their owner sees them, as plain JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.http.language import language

from .issuing import Issued
from .models import Coupon
from .outside import carried_by
from .reasons import GIFT
from .states import as_read
from .templates import Template, read_terms
from .terms import CouponTerms
from .words import summary


def told_coupons(found: Sequence[Coupon]) -> list[dict[str, Any]]:
    """Stored coupons of one member."""
    moment = now()
    carried = carried_by(row.id for row in found)
    return [_told(row, moment, carried.get(row.id)) for row in found]


def told_issued(issued: Issued) -> dict[str, Any]:
    """What was just issued, as the answer to who asked for it."""
    template = issued.template
    return {
        "codes": list(issued.codes),
        "template": template.code,
        "title": _title(template),
        "summary": summary(template.terms, language()),
        "valid_from": in_shop_time(issued.valid_from).isoformat(),
        "valid_until": in_shop_time(issued.valid_until).isoformat(),
    }


def told_template(template: Template) -> dict[str, Any]:
    """A template that is offered for points."""
    return {
        "code": template.code,
        "title": _title(template),
        "summary": summary(template.terms, language()),
        "points_price": template.terms.points_price,
        "min_tier_rank": template.terms.audience.min_tier_rank,
        "terms": told_terms(template.terms, template.copied),
    }


def told_terms(terms: CouponTerms, copied: dict[str, Any]) -> dict[str, Any]:
    """Terms for clients: the figures that every page needs, and all else as it is written."""
    return {
        "kind": terms.kind.value,
        "amount_fen": terms.amount_fen,
        "off_bp": terms.off_bp,
        "most_fen": terms.most_fen,
        "threshold_fen": terms.threshold_fen,
        "rules": copied,
    }


def _told(row: Coupon, moment: datetime, outside_code: str | None) -> dict[str, Any]:
    terms = read_terms(row.terms)
    is_english = language() == "en"
    return {
        "code": row.code,
        "title": row.title_en if is_english else row.title_zh,
        "summary": summary(terms, language()),
        "state": as_read(row.state, row.valid_until, moment).value,
        "valid_from": in_shop_time(row.valid_from).isoformat(),
        "valid_until": in_shop_time(row.valid_until).isoformat(),
        "can_be_given": terms.giftable and row.reason != GIFT,
        "outside_code": outside_code,
        "issued_at": in_shop_time(row.issued_at).isoformat(),
        "terms": told_terms(terms, row.terms),
    }


def _title(template: Template) -> str:
    return template.title_en if language() == "en" else template.title_zh
