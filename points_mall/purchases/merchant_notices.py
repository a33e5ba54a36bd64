"""支付通知 · notices of payment systems that could not be applied, and trying them again."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template

from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.errors import Conflict
from miniprogram_api.merchant.act_names import name_acts, name_subject
from miniprogram_api.merchant.acting import carried_out
from miniprogram_api.merchant.alerts import Alert, add_watch
from miniprogram_api.merchant.forms import Form, reason_sent
from miniprogram_api.merchant.listing import asked, page_of
from miniprogram_api.staff import audit
from miniprogram_api.staff.guards import for_staff

from .draining import try_failed_again
from .models import PaymentNotice
from .states import NoticeState

ADDRESS = "/admin/payment-notices"
_OPEN: sa.ColumnElement[bool] = sa.literal_column("payment_notice.state IN ('waiting', 'failed')")
STATES = {
    NoticeState.WAITING: ("自动重试中", "Tried again by itself", "orange"),
    NoticeState.FAILED: ("处理失败", "Failed", "red"),
}

blp = Blueprint("notices_merchant", __name__, template_folder="templates")


class NoticeNotFailed(Conflict):
    """The notice has not failed, or is being tried again already."""

    code = "notice_not_failed"
    title_zh = "该通知没有失败，或已在重试"
    title_en = "The notice has not failed, or is being tried again"


@blp.get(ADDRESS)
@for_staff("manager")
def notices() -> str:
    """Notices that wait or have failed, the latest first; without what they hold, which names payers."""
    return _page(Form())


@blp.post(f"{ADDRESS}/<int:notice_id>/retry")
@for_staff("manager")
def retry(notice_id: int) -> Any:
    """Let a notice that failed be tried again, once the cause is mended."""
    return carried_out(
        lambda _form: retry_notice(notice_id, reason_sent()), then=ADDRESS, again=_page
    )


@retrying
def retry_notice(notice_id: int, reason: str) -> None:
    """Let a notice that failed be tried again.

    :raises NoticeNotFailed: it has not.
    """
    with transaction():
        if not try_failed_again([notice_id]):
            raise NoticeNotFailed(f"notice {notice_id} has not failed")
        audit.record(
            "notices.retry",
            f"notice:{notice_id}",
            before={"state": NoticeState.FAILED.value},
            after={"state": NoticeState.STORED.value},
            reason=reason,
        )


def _page(form: Form) -> str:
    wanted = asked()
    query = wanted.latest(sa.select(PaymentNotice).where(_OPEN), PaymentNotice.id)
    return render_template(
        "purchases/notices.html",
        listing=page_of(wanted, db.session.scalars(query).all()),
        states=STATES,
        form=form,
    )


def _watch() -> Iterable[Alert]:
    failed = sa.select(sa.func.count(PaymentNotice.id)).where(
        sa.literal_column("payment_notice.state = 'failed'")
    )
    if count := db.session.scalar(failed):
        zh, en = f"{count} 条支付通知处理失败", f"{count} notices of payments failed"
        yield Alert(zh, en, ADDRESS, is_grave=True)


name_acts({"notices.retry": ("重试支付通知", "Notice tried again")})
name_subject("notice", "支付通知", "Notice")
add_watch("notices", _watch)
