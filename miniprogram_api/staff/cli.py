"""`flask staff …`: who works in the shop."""

import json
import secrets

import click

from miniprogram_api.commands import AppGroup

from . import accounts
from .roles import CODES

staff_cli = AppGroup("staff", help="员工、角色与密码 · Staff, roles and passwords.")
role_option = click.option("--role", type=click.Choice(CODES), required=True)


@staff_cli.command("add")
@click.argument("username")
@role_option
@click.option("--name", default="", help="显示的姓名 · name to show")
@click.option("--store", default=None, help="所属门店，缺省为全部 · store; all if left out")
@click.option(
    "--password",
    envvar="STAFF_PASSWORD",
    help="缺省则生成并显示一次 · made and shown once if left out",
)
def add(username: str, role: str, name: str, store: str | None, password: str | None) -> None:
    """新增员工 · Give somebody an account."""
    made = password or secrets.token_urlsafe(12)
    accounts.add(username, made, role, name=name, store=store)
    click.echo(f"{username} ({role})" + ("" if password else f"  {made}"))


@staff_cli.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_command(*, as_json: bool) -> None:
    """员工名单 · Everybody who works here."""
    for person in accounts.people():
        row = {
            "username": person.username,
            "name": person.name,
            "role": person.role,
            "store": person.store,
            "second_factor": person.otp_sealed is not None,
        }
        click.echo(
            json.dumps(row, ensure_ascii=False) if as_json else "\t".join(map(str, row.values()))
        )


@staff_cli.command("role")
@click.argument("username")
@role_option
def role_command(username: str, role: str) -> None:
    """调整角色 · Give another role."""
    accounts.change(username, role=role)


@staff_cli.command("password")
@click.argument("username")
@click.option("--password", envvar="STAFF_PASSWORD")
def password_command(username: str, password: str | None) -> None:
    """重设密码并结束其全部会话 · A new password; every session of the old one ends."""
    made = password or secrets.token_urlsafe(12)
    accounts.set_password(username, made)
    click.echo(username + ("" if password else f"  {made}"))


@staff_cli.command("unlock")
@click.argument("username")
def unlock(username: str) -> None:
    """解除锁定 · Open an account that wrong sign-ins have locked."""
    accounts.unlock(username)


@staff_cli.command("drop-second-factor")
@click.argument("username")
def drop_second_factor(username: str) -> None:
    """关闭动态码（手机遗失时）· Turn the second factor off, when the phone was lost."""
    accounts.drop_second_factor(username)


@staff_cli.command("leave")
@click.argument("username")
def leave(username: str) -> None:
    """离职：不能再登录 · Somebody has left; acts of the past stay."""
    accounts.leave(username)
