"""What shoppers call for the till: their code, and the points of a receipt."""

from typing import Any

from flask import Response

from miniprogram_api.auth.guards import current_member_id, for_member
from miniprogram_api.http.api import Blueprint
from miniprogram_api.http.idempotency import claim_of_request, keeps_own_record, told
from miniprogram_api.members.errors import AccountClosed
from miniprogram_api.risk.errors import DailyCapUsed

from . import errors, issuing, receipts, scan_schemas

codes = Blueprint(
    "member_codes",
    url_prefix="/api/v1/members/me",
    title="会员码 Member code",
    description="到店出示的动态会员码 · the code to show at the till",
)
claims = Blueprint(
    "receipts",
    url_prefix="/api/v1/receipts",
    title="小票补积分 Receipts",
    description="用小票码补积分 · claiming the points of a receipt",
)


@codes.get("/code")
@for_member
@codes.problems(AccountClosed, errors.MemberBlocked)
@codes.response(200, scan_schemas.MemberCodeSchema)
def show() -> issuing.Issued:
    """会员码 · My code

    60 秒有效、只能用一次；请每 30 秒刷新，旧码再多 5 秒有效。 Good for a minute and one use; refresh it each
    half a minute, the one before it stays good for five seconds.
    """
    return issuing.issue(current_member_id())


@claims.post("/claims")
@for_member
@claims.problems(errors.NoSuchReceipt, errors.ReceiptClaimed, errors.ReceiptOver)
@claims.problems(errors.OwnAccount, errors.MemberBlocked, AccountClosed, DailyCapUsed)
@claims.arguments(scan_schemas.ReceiptClaimSchema)
@claims.response(201, scan_schemas.ReceiptClaimedSchema)
@keeps_own_record
def claim(given: dict[str, Any]) -> Response:
    """小票补积分 · Claim a receipt

    未出示会员码的消费，24 小时内扫小票上的码补积分，一张小票一次。 For a sale without a member, within a day,
    once.
    """
    done = receipts.claim(current_member_id(), claim_of_request(), given["code"])
    return told(done.answer, is_repeat=done.is_repeat)
