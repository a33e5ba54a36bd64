"""Issuing to a list of members: streamed in batches, each one transaction, in constant memory.

The reference of each coupon is the batch and its member, so a run that was killed is simply run again:
who has the coupon keeps it, nobody gets two. Members who cannot have it go into a file, with the reason.
"""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.members.models import Member

from .issuing import Issue, issue
from .list_file import Line, lines_of
from .reasons import LIST
from .templates import template_with

BATCH = 500
HEADINGS = ("member", "member_no", "会员号", "会员卡号")
members = cast(sa.Table, Member.__table__)
_IDS = sa.select(members.c.member_no, members.c.id).where(
    among(members.c.member_no, "numbers"), members.c.closed_at.is_(None)
)


@dataclass(frozen=True)
class Progress:
    """What became of one batch of lines."""

    lines: int
    issued: int
    had_before: int
    failed: int


def batch_of(path: Path, template: str) -> str:
    """The name of a run: the same file and template mean the same run, however often it is started."""
    digest = hashlib.sha256(template.encode())
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()[:16]


def issue_to_list(
    path: Path, template: str, *, batch: str, failures: TextIO, actor: str
) -> Iterator[Progress]:
    """Issue one coupon to each member of a file; yields after each batch, which is committed then.

    :param failures: gets a line (line, member, reason) for each member who cannot have it.
    :raises NoSuchTemplate: there is none of that code.
    :raises NotText: the file is neither UTF-8 nor GBK.
    """
    template_with(template)
    writer = csv.writer(failures)
    writer.writerow(("line", "member", "reason"))
    for some in _batches(path):
        progress, failed = _issue_some(some, template, batch, actor)
        writer.writerows(failed)
        failures.flush()
        yield progress


@retrying
def _issue_some(
    some: Sequence[Line], template: str, batch: str, actor: str
) -> tuple[Progress, list[tuple[int, str, str]]]:
    numbers = [line.value for line in some if line.objection is None]
    with transaction() as session:
        ids = {row.member_no: row.id for row in session.execute(_IDS, {"numbers": numbers})}
        known = [line for line in some if line.value in ids]
        issues = [
            Issue(ids[line.value], template, LIST, f"list:{batch}", actor=actor) for line in known
        ]
        answers = issue(issues)
    db.session.expunge_all()
    failed = [
        (line.number, _safe(line), line.objection or "no such member")
        for line in some
        if line.value not in ids
    ]
    issued = had = 0
    for line, answer in zip(known, answers, strict=True):
        if isinstance(answer, DomainError):
            failed.append((line.number, line.value, answer.code))
        elif answer.is_repeat:
            had += 1
        else:
            issued += 1
    return Progress(len(some), issued, had, len(failed)), sorted(failed)


def _safe(line: Line) -> str:
    """A cell that no spreadsheet carries out."""
    return f"'{line.value}" if line.objection == "formula" else line.value


def _batches(path: Path) -> Iterator[list[Line]]:
    some: list[Line] = []
    for line in lines_of(path, HEADINGS):
        some.append(line)
        if len(some) == BATCH:
            yield some
            some = []
    if some:
        yield some
