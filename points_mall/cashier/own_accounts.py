"""Which member accounts belong to people who work here: they give those no points themselves."""

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.staff import audit

from .errors import OwnAccount
from .models import OwnAccount as Row


@retrying
def note(staff_id: int, member_id: int) -> None:
    """Note that somebody's own account is this one; twice is once."""
    with transaction() as session:
        row = {"staff_id": staff_id, "member_id": member_id}
        if bulk.insert_missing(session, Row.__table__, [row]):
            audit.record("staff.own_account", f"staff:{staff_id}", after={"member_id": member_id})


def require_other(staff_id: int, member_id: int) -> None:
    """Let through unless the account is the caller's own.

    :raises OwnAccount: it is.
    """
    mine = sa.select(Row.member_id).filter_by(staff_id=staff_id, member_id=member_id)
    if db.session.scalar(mine) is not None:
        raise OwnAccount("this member account is your own")
