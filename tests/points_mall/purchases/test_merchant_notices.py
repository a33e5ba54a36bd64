"""支付通知: those that failed are told, and tried again with a reason."""

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from points_mall.purchases.models import PaymentNotice
from tests.office import Clerk, acts_count, acts_of


def notice(state: str) -> int:
    with transaction() as session:
        row = PaymentNotice(
            source="wechat_pay",
            notice_id=f"notice-{state}",
            event_type="TRANSACTION.SUCCESS",
            resource={"payer": {"openid": "oLi-who-shops-on-Saturdays-01"}},
            state=state,
            note="<script>alert(1)</script>",
            received_at=now(),
        )
        session.add(row)
        session.flush()  # its number is the answer
        return row.id


def state_of(notice_id: int) -> str:
    db.session.rollback()
    query = sa.select(PaymentNotice.state).filter_by(id=notice_id)
    return db.session.execute(query).scalar_one()


@pytest.fixture
def li(app: Flask) -> Clerk:
    return Clerk(app, "manager", "li")


def test_what_failed_is_told_without_its_payer(li: Clerk) -> None:
    notice("applied")
    assert "所有支付通知都已处理" in li.get("/admin/payment-notices").text
    notice("failed")
    page = li.get("/admin/payment-notices").text
    assert "处理失败" in page
    assert "oLi-who" not in page
    assert "<script>alert" not in page
    assert "1 条支付通知处理失败" in li.get("/admin/panels/alerts").text


def test_what_failed_is_tried_again_with_a_reason(li: Clerk) -> None:
    number = notice("failed")
    path = f"/admin/payment-notices/{number}/retry"
    assert li.post(path, reason="").status_code == 422
    assert state_of(number) == "failed"
    assert li.post(path, reason="已修复").status_code == 303
    assert state_of(number) == "stored"
    assert acts_of("notices.retry") == [
        ("staff:li", f"notice:{number}", {"state": "failed"}, {"state": "stored"}, "已修复")
    ]


@pytest.mark.parametrize("state", ["applied", "waiting", "stored", "ignored"])
def test_what_has_not_failed_is_not_tried_again(li: Clerk, state: str) -> None:
    number, before = notice(state), acts_count()
    answer = li.post(f"/admin/payment-notices/{number}/retry", reason="再来")
    assert (answer.status_code, state_of(number), acts_count()) == (409, state, before)


def test_only_managers_may(app: Flask) -> None:
    number = notice("failed")
    zhou = Clerk(app, "editor")
    assert zhou.get("/admin/payment-notices").status_code == 403
    assert zhou.post(f"/admin/payment-notices/{number}/retry", reason="x").status_code == 403
    assert state_of(number) == "failed"
