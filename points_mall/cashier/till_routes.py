"""Endpoints about tills themselves: registering, shifts, sales without the network."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.staff.guards import current_staff, for_staff

from . import errors, offline, shifts, till_schemas, tills
from .at_till import TillBlueprint, counter_of_request, is_till_code
from .models import OfflineConflict, Till
from .offline import Offline

blp = TillBlueprint(
    "tills",
    url_prefix="/api/v1/pos",
    title="收银台管理 Tills",
    description="登记、停用、解锁、交班、断网补录 · registering tills, shifts, sales without the network",
)


@blp.post("/tills")
@for_staff("manager")
@blp.problems(errors.TillTaken, errors.TillRevoked, errors.OtherStore, errors.DeviceKeyInvalid)
@blp.arguments(till_schemas.NewTillSchema)
@blp.response(201, till_schemas.TillSchema)
def register(given: dict[str, Any]) -> Till:
    """登记收银台 · Register a till

    设备持有不可导出的 P-256 私钥，这里登记公钥。 The device keeps a key that cannot be taken out of it; its
    public half is registered.
    """
    store = given.get("store", current_staff().store)
    return tills.register(given["code"], given["name"], store, given["public_key"], current_staff())


@blp.get("/tills")
@for_staff("manager")
@blp.paged(till_schemas.TillSchema, Till.id)
def list_tills() -> sa.Select[Till]:
    """收银台列表 · Tills"""
    return tills.tills_of(current_staff())


@blp.get("/tills/current")
@for_staff("cashier")
@blp.at_till
@blp.response(200, till_schemas.TillSchema)
def show() -> Till:
    """本收银台 · This till

    是否已登记、是否被锁定。 Whether it is registered, or locked.
    """
    return tills.till_with(counter_of_request().code)


@blp.post("/tills/<string:code>/revoke")
@for_staff("manager")
@blp.problems(errors.NoSuchTill, errors.OtherStore)
@blp.arguments(till_schemas.WhySchema)
@blp.response(200, till_schemas.TillSchema)
def revoke(given: dict[str, Any], code: str) -> Till:
    """停用收银台 · Take a till out of service

    立即生效，不可恢复。 At once, and for good.
    """
    return tills.revoke(_known_form(code), current_staff(), given["reason"])


@blp.post("/tills/<string:code>/unlock")
@for_staff("manager")
@blp.problems(errors.NoSuchTill, errors.OtherStore)
@blp.arguments(till_schemas.WhySchema)
@blp.response(200, till_schemas.TillSchema)
def unlock(given: dict[str, Any], code: str) -> Till:
    """解锁收银台 · Unlock a till"""
    return tills.unlock(_known_form(code), current_staff(), given["reason"])


@blp.get("/shifts/current")
@for_staff("cashier")
@blp.at_till
@blp.response(200, till_schemas.ShiftSchema)
def current_shift() -> dict[str, Any]:
    """本班 · The shift under way

    第一笔业务自动开班。 The first act opens it.
    """
    return shifts.current(counter_of_request())


@blp.post("/shifts/close")
@for_staff("cashier")
@blp.at_till
@blp.problems(errors.NoOpenShift)
@blp.response(200, till_schemas.ShiftSchema)
def close_shift() -> dict[str, Any]:
    """交班 · Close the shift

    返回并保存交班报表。 Keeps the report and answers with it.
    """
    return shifts.close(counter_of_request())


@blp.post("/offline-sales")
@for_staff("cashier")
@blp.at_till
@blp.problems(errors.DeviceSignatureInvalid)
@blp.arguments(till_schemas.OfflineSalesSchema)
@blp.response(200, till_schemas.OfflineAnswersSchema)
def take_offline(given: dict[str, Any]) -> dict[str, Any]:
    """断网补录 · Sales made without the network

    只积分；每笔由登记设备签名，按小票号幂等，按顺序处理。不能完整入账的列入冲突，由店长处理。 Earning only, each
    signed by the device; a repeat changes nothing. What does not come through whole is a conflict.
    """
    signed = [
        (Offline(**{name: sale[name] for name in sale if name != "signature"}), sale["signature"])
        for sale in given["sales"]
    ]
    return {"items": offline.take_all(counter_of_request(), signed)}


@blp.get("/offline-conflicts")
@for_staff("manager")
@blp.at_till
@blp.paged(till_schemas.OfflineConflictSchema, OfflineConflict.id)
def list_conflicts() -> sa.Select[Any]:
    """断网补录冲突 · Conflicts

    等待店长处理的。 Those that nobody has looked at.
    """
    return offline.open_conflicts(counter_of_request())


@blp.post("/offline-conflicts/<id:conflict_id>/resolve")
@for_staff("manager")
@blp.at_till
@blp.problems(errors.NoSuchConflict)
@blp.arguments(till_schemas.WhySchema)
@blp.response(204)
def resolve(given: dict[str, Any], conflict_id: int) -> None:
    """处理冲突 · A conflict was looked at"""
    offline.resolve(counter_of_request(), conflict_id, given["reason"])


def _known_form(code: str) -> str:
    """The code of a till in a path; what cannot be one is none.

    :raises NoSuchTill: it has another form.
    """
    if not is_till_code(code):
        raise errors.NoSuchTill("no till has such a code")
    return code
