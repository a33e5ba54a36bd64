"""Reading the tables of a member's tabs as text."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask

from miniprogram_api.merchant.member_tabs import Table

Told = Mapping[str, Any]


def told_by(app: Flask, make: Callable[[int], Told], member_id: int, query: str = "") -> Told:
    """What a tab tells of a member, within a call with that query."""
    with app.test_request_context(f"/?{query}", headers={"Accept-Language": "zh-CN"}):
        return make(member_id)


def table(told: Told, code: str) -> Table:
    tables: list[Table] = told["tables"]
    return next(one for one in tables if one.code == code)


def texts(told: Told, code: str) -> list[list[str]]:
    """The cells of a table, row by row."""
    return [[cell.text for cell in row.cells] for row in table(told, code).rows]


def notes(told: Told, code: str) -> list[list[str]]:
    """The quieter lines of the cells, those that there are."""
    return [[cell.note for cell in row.cells if cell.note] for row in table(told, code).rows]
