"""`flask members …`: what an operator does about personal data."""

import json

import click

from miniprogram_api.commands import AppGroup

from . import services
from .accounts import member_id_of_no
from .exports import export_personal_data

members_cli = AppGroup("members", help="会员与个人信息 · Members and their personal data.")


@members_cli.command("reseal-phones")
def reseal_phones() -> None:
    """更换 FIELD_KEYS 后，用最新密钥重新加密手机号 · Encrypt phone numbers anew with the newest key."""
    total, after_id = 0, 0
    while True:
        count, last = services.reseal_phones(after_id=after_id)
        total += count
        if last is None:
            break
        after_id = last
    click.echo(f"{total} resealed")


@members_cli.command("export")
@click.option("--member", "member_no", required=True, help="会员号 · member number")
def export(member_no: str) -> None:
    """导出一位会员的全部个人数据（JSON）· Everything about one member, as JSON."""
    data = export_personal_data(member_id_of_no(member_no))
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


@members_cli.command("erase")
@click.option("--member", "member_no", required=True, help="会员号 · member number")
@click.confirmation_option(prompt="不可恢复，确定注销？ This cannot be undone. Erase?")
def erase(member_no: str) -> None:
    """应会员要求注销账号、删除个人信息 · Close an account on its owner's demand."""
    services.close_account(member_id_of_no(member_no))
    click.echo("erased")
