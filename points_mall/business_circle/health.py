"""What the doctor asks of the business circle."""

from datetime import timedelta

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.core.settings import settings
from miniprogram_api.doctor import Ailing

from .models import CircleSync
from .states import SyncState

LATE = timedelta(minutes=30)


def circle_check() -> str:
    """Whether WeChat knows of every purchase what it earned.

    :raises Ailing: it refuses some, or has not been told for long.
    """
    if not settings().business_circle_enabled:
        return "not used: BUSINESS_CIRCLE_ENABLED is off"
    figures = sa.select(sa.func.count(CircleSync.id), sa.func.min(CircleSync.created_at))
    refused, _ = db.session.execute(figures.filter_by(state=SyncState.REFUSED)).one()
    if refused:
        raise Ailing(f"WeChat refuses {refused} points syncs", "flask circle list --state refused")
    due, oldest = db.session.execute(figures.filter_by(state=SyncState.DUE)).one()
    if due and oldest < now() - LATE:
        raise Ailing(f"{due} points syncs wait", "start a worker: flask worker")
    return f"{due} points syncs due, none refused"
