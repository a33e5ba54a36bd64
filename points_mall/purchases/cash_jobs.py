"""What is done about cash behind the scenes: asking WeChat Pay for refunds, and how things stand."""

from datetime import timedelta

from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload, job
from miniprogram_api.jobs.schedule import scheduled
from miniprogram_api.wechat.extension import takes_wechat_pay

from . import reconciling
from .cash_half import REFUND_ALL
from .refunding import ASK_REFUND, refund_purchase

_log = log(__name__)


@scheduled("purchases.reconcile", every=timedelta(minutes=1))
def reconcile(_payload: Payload) -> None:
    """Find out what became of payments and refunds of which nobody told us."""
    if takes_wechat_pay() and (count := reconciling.reconcile()):
        _log.info("payments_reconciled", count=count)


@job(ASK_REFUND)
def ask_refund(payload: Payload) -> None:
    """Ask WeChat for a refund; what it does not answer is asked again under the same number."""
    reconciling.settle_refund(str(payload["out_refund_no"]))


@job(REFUND_ALL)
def refund_all(payload: Payload) -> None:
    """Refund all that is left of a purchase whose order was cancelled."""
    refund_purchase(
        str(payload["purchase_no"]),
        reason="订单取消，原路退回",
        actor="system",
        reference="cancel",
    )
