"""The business circle (智慧商圈, 支付即积分): what a mall tells WeChat Pay and asks of it.

wechatpayv3's own helpers cannot report that a purchase earned nothing, and fail on two of the
other calls; so these go through our own road.
"""

from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote, urlencode

from . import pay_answers as answers
from .pay_answers import CircleAuthorization
from .pay_road import SignedRoad

POINTS = "/v3/businesscircle/points/notify"
AUTHORIZATIONS = "/v3/businesscircle/user-authorizations/"
USERS = "/v3/businesscircle/users/"
PARKINGS = "/v3/businesscircle/parkings"

LONGEST_REMARK = 128

ParkingState = Literal["IN", "OUT"]


class BusinessCircle:
    """The part of the client that malls use."""

    appid: str
    _road: SignedRoad

    def sync_points(
        self,
        *,
        transaction_id: str,
        openid: str,
        points: int,
        updated_at: datetime,
        total_points: int | None = None,
        remark: str = "",
    ) -> None:
        """Tell WeChat what a purchase earned, 0 included; refunds are notified only after it.

        :param remark: why it earned nothing, for the shopper to read.
        """
        body: dict[str, Any] = {
            "transaction_id": transaction_id,
            "appid": self.appid,
            "openid": openid,
            "earn_points": points > 0,
            "increased_points": points,
            "points_update_time": answers.written(updated_at),
        }
        if remark and points == 0:
            body["no_points_remarks"] = remark[:LONGEST_REMARK]
        if total_points is not None:
            body["total_points"] = total_points
        self._road.post("sync_points", POINTS, body)

    def authorization(self, openid: str) -> CircleAuthorization:
        """Whether the shopper lets the mall see purchases. A withdrawal is told nowhere else."""
        query = urlencode({"appid": self.appid})
        path = f"{AUTHORIZATIONS}{quote(openid, safe='')}?{query}"
        return answers.authorization_of(self._road.get("authorization", path))

    def commit_status(self, openid: str, brand_id: int) -> str:
        """Whether purchases wait for the shopper to claim points by hand: `PENDING`, or another."""
        query = urlencode({"brandid": brand_id, "appid": self.appid})
        path = f"{USERS}{quote(openid, safe='')}/points/commit_status?{query}"
        return answers.text_in(self._road.get("commit_status", path), "points_commit_status")

    def report_parking(
        self, *, openid: str, brand_id: int, plate_number: str, state: ParkingState, at: datetime
    ) -> None:
        """Tell WeChat that a shopper drove in or out; while in, purchases score by themselves."""
        body = {
            "brandid": brand_id,
            "appid": self.appid,
            "openid": openid,
            "plate_number": plate_number,
            "state": state,
            "time": answers.written(at),
        }
        self._road.post("report_parking", PARKINGS, body)
