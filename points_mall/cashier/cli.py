"""`flask tills …`: the shop's tills, for whoever runs it."""

import json

import click
import sqlalchemy as sa

from miniprogram_api.commands import AppGroup
from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db
from miniprogram_api.members.accounts import member_id_of_no
from miniprogram_api.staff.errors import NoSuchStaff
from miniprogram_api.staff.models import Staff

from . import own_accounts, tills
from .models import Till

tills_cli = AppGroup("tills", help="收银台 · Tills.")
reason_option = click.option("--reason", required=True, help="原因，记入审计 · why; kept")


@tills_cli.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_command(*, as_json: bool) -> None:
    """全部收银台 · Every till."""
    for till in db.session.scalars(tills.tills_of(None).order_by(Till.code)):
        row = {
            "code": till.code,
            "name": till.name,
            "store": till.store,
            "is_registered": till.is_registered,
            "revoked_at": till.revoked_at and in_shop_time(till.revoked_at).isoformat(),
            "locked_until": till.locked_until and in_shop_time(till.locked_until).isoformat(),
        }
        shown = json.dumps(row, ensure_ascii=False)
        click.echo(shown if as_json else "  ".join(str(value or "-") for value in row.values()))


@tills_cli.command("revoke")
@click.argument("code")
@reason_option
def revoke(code: str, reason: str) -> None:
    """停用 · Take a till out of service."""
    tills.revoke(code, None, reason)
    click.echo(f"{code}: revoked")


@tills_cli.command("unlock")
@click.argument("code")
@reason_option
def unlock(code: str, reason: str) -> None:
    """解锁 · Open a till that unknown codes have locked."""
    tills.unlock(code, None, reason)
    click.echo(f"{code}: unlocked")


@tills_cli.command("own-account")
@click.argument("username")
@click.option("--member", "member_no", required=True, help="会员号 · member number")
def own_account(username: str, member_no: str) -> None:
    """登记员工本人的会员账号，防止自己给自己积分 · Note whose account somebody may not give points."""
    staff_id = db.session.scalar(sa.select(Staff.id).filter_by(username=username, left_at=None))
    if staff_id is None:
        raise NoSuchStaff(f"nobody works here as {username}")
    own_accounts.note(staff_id, member_id_of_no(member_no))
    click.echo(f"{username}: {member_no}")
