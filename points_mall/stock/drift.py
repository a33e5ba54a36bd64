"""Redis once differed from the database: written down when it was mended, told on the dashboard."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.merchant.act_names import name_acts, name_subject
from miniprogram_api.merchant.alerts import Alert, add_watch
from miniprogram_api.staff import audit
from miniprogram_api.staff.models import StaffAct

ACT = "stock.reconcile"
TOLD_FOR = timedelta(days=1)


@retrying
def note(codes: Sequence[str]) -> None:
    """Write down which pools were loaded again."""
    with transaction():
        for code in codes:
            audit.record(ACT, f"pool:{code}", by="system")


def watch() -> Iterable[Alert]:
    """Pools that had to be mended within the last day."""
    query = sa.select(sa.func.count(sa.distinct(StaffAct.subject))).where(
        StaffAct.act == ACT, StaffAct.at > now() - TOLD_FOR
    )
    if count := db.session.scalar(query):
        yield Alert(
            f"{count} 个库存池的 Redis 与数据库不一致，已按数据库重建",
            f"Redis differed from the database in {count} pools; they were loaded again",
            f"/admin/acts?act={ACT}",
        )


name_acts({ACT: ("库存重建", "Stock loaded again")})
name_subject("pool", "库存池", "Pool")
add_watch("stock", watch)
