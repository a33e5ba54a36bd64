"""What the counter knows of a member, for the member's export."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db

from .models import Scan, Till, TillSale


def export_visits(member_id: int) -> dict[str, Any]:
    """Where and how the member was known at a till, and the sales that came of it."""
    scans = (
        sa.select(Till.code, Scan.kind, Scan.scanned_at)
        .join(Till, Till.id == Scan.till_id)
        .where(Scan.member_id == member_id)
        .order_by(Scan.id)
    )
    sales = (
        sa.select(TillSale.sale_no, Till.code, TillSale.receipt_no, TillSale.sold_at)
        .join(Till, Till.id == TillSale.till_id)
        .where(TillSale.member_id == member_id)
        .order_by(TillSale.id)
    )
    return {
        "scans": [
            {"till": row.code, "kind": row.kind, "at": in_shop_time(row.scanned_at).isoformat()}
            for row in db.session.execute(scans)
        ],
        "sales": [
            {
                "sale_no": row.sale_no,
                "till": row.code,
                "receipt_no": row.receipt_no,
                "sold_at": in_shop_time(row.sold_at).isoformat(),
            }
            for row in db.session.execute(sales)
        ],
    }
