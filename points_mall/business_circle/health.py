"""What the doctor asks of the business circle."""

from datetime import timedelta

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.core.settings import settings
from miniprogram_api.doctor import Ailing, Words

from .models import CircleSync
from .states import SyncState

LATE = timedelta(minutes=30)


def circle_check() -> Words:
    """Whether WeChat knows of every purchase what it earned.

    :raises Ailing: it refuses some, or has not been told for long.
    """
    if not settings().business_circle_enabled:
        return Words(
            "未使用：BUSINESS_CIRCLE_ENABLED 关闭", "not used: BUSINESS_CIRCLE_ENABLED is off"
        )
    figures = sa.select(sa.func.count(CircleSync.id), sa.func.min(CircleSync.created_at))
    refused, _ = db.session.execute(figures.filter_by(state=SyncState.REFUSED)).one()
    if refused:
        raise Ailing(
            Words(f"微信拒绝了 {refused} 笔积分同步", f"WeChat refuses {refused} points syncs"),
            Words("查看：flask circle list --state refused", "flask circle list --state refused"),
        )
    due, oldest = db.session.execute(figures.filter_by(state=SyncState.DUE)).one()
    if due and oldest < now() - LATE:
        raise Ailing(
            Words(f"{due} 笔积分同步在等待", f"{due} points syncs wait"),
            Words("启动工作进程：flask worker", "start a worker: flask worker"),
        )
    return Words(f"{due} 笔积分同步待发，没有被拒", f"{due} points syncs due, none refused")
