"""What a newcomer reads when the shop is open: one panel, Chinese first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .seeds import SignIn


@dataclass(frozen=True)
class Opened:
    """An open demo: where it is, and who can sign in."""

    base_url: str
    simulator_url: str
    instance: Path
    seconds: float
    sign_ins: Sequence[SignIn]


def show(console: Console, opened: Opened) -> None:
    """Print the panel."""
    first = Text("先打开购物者的手机 · open the phone first\n", style="bold")
    parts: list[Table | Text] = [first, _links(opened)]
    if opened.sign_ins:
        parts += [Text("\n登录 · sign-ins"), _sign_ins(opened.sign_ins)]
    parts.append(
        Text(
            f"\n数据与日志 · data and logs  {opened.instance}\n"
            f"指标令牌 · metrics token     METRICS_TOKEN in {opened.instance / 'config.py'}\n"
            "按 Ctrl-C 停止 · Ctrl-C stops everything",
            style="dim",
            overflow="fold",
        )
    )
    title = f"积分商城已开张（{opened.seconds:.1f} 秒） · The mall is open"
    console.print(Panel(Group(*parts), title=title, border_style="green", padding=(1, 2)))


def _links(opened: Opened) -> Table:
    table = Table.grid(padding=(0, 3))
    for name, url in (
        ("购物者的手机 · shopper's phone", f"{opened.simulator_url}/"),
        ("收银台 · till", f"{opened.base_url}/pos"),
        ("商家后台 · merchant", f"{opened.base_url}/admin"),
        ("接口文档 · API docs", f"{opened.base_url}/docs"),
        ("健康检查 · health", f"{opened.base_url}/readyz"),
        ("指标 · metrics", f"{opened.base_url}/metrics"),
    ):
        table.add_row(name, Text(url, style="bold cyan", overflow="fold"))
    return table


def _sign_ins(sign_ins: Sequence[SignIn]) -> Table:
    table = Table.grid(padding=(0, 3))
    for person in sign_ins:
        table.add_row(person.role, person.username, person.password)
    return table
