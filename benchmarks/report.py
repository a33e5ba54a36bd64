"""Figures as tables in a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table

AIMS: dict[tuple[str, str, str], float] = {
    ("sqlite", "sold_out", "bare_claim"): 0.9,
    ("postgresql", "sold_out", "bare_claim"): 0.9,
    ("sqlite", "winning", "bare_claim"): 0.4,
    ("postgresql", "winning", "bare_claim"): 0.5,
    ("sqlite", "drop_claim", "bare_claim"): 0.4,
    ("postgresql", "drop_claim", "bare_claim"): 0.5,
    ("sqlite", "winning", "textbook"): 12.0,
    ("postgresql", "winning", "textbook"): 12.0,
}
_console = Console(width=110)


def show(database: str, figures: dict[str, Any]) -> None:
    """Print the figures of one database."""
    if "ratios" in figures:
        _ratios(database, figures["ratios"])
    if "latencies" in figures:
        _latencies(database, figures["latencies"])
    for title in ("posting", "inbox", "speeds", "bytes"):
        if title in figures:
            _plain(f"{title} · {database}", figures[title])


def _ratios(database: str, ratios: list[dict[str, Any]]) -> None:
    table = Table(title=f"requests · {database}", title_justify="left")
    for column in (
        "what",
        "connections",
        "ratio",
        "lowest … highest",
        "a second",
        "CPU ms",
        "CPU ratio",
        "aim",
        "others",
    ):
        table.add_column(column)
    for one in ratios:
        aim = AIMS.get((database, one["kind"], one["against"]))
        table.add_row(
            f"{one['kind']} ÷ {one['against']}",
            str(one["connections"]),
            f"{one['ratio']:.3f}",
            f"{one['lowest']:.3f} … {one['highest']:.3f}",
            f"{one['per_second']:.0f}",
            f"{one['cpu_ms']:.2f}",
            f"{one['cpu_ratio']:.3f}",
            "" if aim is None else f"{aim}",
            str(one["others"] or ""),
        )
    _console.print(table)


def _latencies(database: str, latencies: list[dict[str, Any]]) -> None:
    table = Table(title=f"latency at half of saturation · {database}", title_justify="left")
    for column in ("what", "connections", "a second", "p50 ms", "p99 ms"):
        table.add_column(column)
    for one in latencies:
        table.add_row(
            one["kind"], *(str(one[n]) for n in ("connections", "rate", "p50_ms", "p99_ms"))
        )
    _console.print(table)


def _plain(title: str, figures: dict[str, Any]) -> None:
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in figures.items():
        table.add_row(str(name), str(value))
    _console.print(table)
