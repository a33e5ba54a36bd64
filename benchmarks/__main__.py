"""`python -m benchmarks`: measure, print, and optionally write the figures down."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import gating, inbox, posting, serving
from benchmarks.report import show
from benchmarks.rounds import Plan
from benchmarks.shop import DATABASES, Server, opened

BENCHES = ("check_in", "statement", "claims", "drops", "draws", "posting", "inbox", "gate")


def main(given: list[str]) -> int:
    """Run what was asked for."""
    asked = _arguments().parse_args(given)
    names: list[str] = asked.only or list(BENCHES)
    figures: dict[str, Any] = {}
    for database in asked.database or DATABASES:
        figures[database] = _measured(database, names, asked)
        show(database, figures[database])
    if "gate" in names:
        figures["gate"] = gating.measured(asked.seconds)
        show("gate", figures["gate"])
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


def _measured(database: str, names: list[str], asked: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    groups = [name for name in serving.GROUPS if name in names]
    plan = Plan(asked.seconds, asked.rounds)
    server = Server(asked.worker_class, asked.workers, asked.threads)
    with opened(database) as shop:
        if "posting" in names:
            figures["posting"] = posting.measured(asked.seconds)
        if groups:
            figures |= serving.measured(shop, server, groups, asked.connections, plan)
    if "inbox" in names:
        figures["inbox"] = inbox.measured(database, server)
    return figures


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHES, help="run this one only")
    parser.add_argument("--database", action="append", choices=DATABASES)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=5, help="of each kind")
    parser.add_argument("--connections", type=_numbers, default=[32, 128, 512])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0, help="0: as gunicorn.conf.py says")
    parser.add_argument("--worker-class", default="", help="gthread, gevent")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
