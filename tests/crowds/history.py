"""What a crowd tried and what it was told, written down before and after, one line a fact.

Lines are appended whole and at once, so a killed process leaves whole lines only.
"""

import base64
import json
import os
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from miniprogram_api.core.errors import DomainError
from points_mall.ledger.movements import Movement, Posted


@dataclass(frozen=True)
class Fact:
    """`begun` before a call, `opened` and `posted` inside its transaction, `done` after it.

    Also `sent` by whoever starts a process, and `dies …` by one that is about to.
    """

    what: str
    process: int
    call: int
    payload: str = ""

    @property
    def movements(self) -> list[Movement]:
        """What was begun."""
        movements: list[Movement] = pickle.loads(base64.b64decode(self.payload))  # noqa: S301 - ours
        return movements

    @property
    def entry_ids(self) -> list[int | str | None]:
        """What was answered to each movement: an entry, nothing, or the code of a refusal."""
        answers: list[int | str | None] = json.loads(self.payload)
        return answers


class History:
    """The file of one crowd; every process appends to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def close(self) -> None:
        os.close(self._file)

    def write(self, fact: Fact) -> None:
        line = f"{fact.what}\t{fact.process}\t{fact.call}\t{fact.payload}\n"
        os.write(self._file, line.encode())

    def read(self) -> Iterator[Fact]:
        for line in self.path.read_text().splitlines():
            what, process, call, payload = line.split("\t")
            yield Fact(what, int(process), int(call), payload)

    def begun_and_not_done(self, process: int) -> list[Fact]:
        """What a process had begun when it died; nobody knows yet whether it took effect."""
        mine = [fact for fact in self.read() if fact.process == process]
        finished = {fact.call for fact in mine if fact.what == "done"}
        return [fact for fact in mine if fact.what == "begun" and fact.call not in finished]


def begun(process: int, call: int, movements: Sequence[Movement]) -> Fact:
    """A call is about to be made."""
    return Fact("begun", process, call, base64.b64encode(pickle.dumps(list(movements))).decode())


def done(process: int, call: int, answers: Sequence[Posted | DomainError]) -> Fact:
    """A call was answered."""
    return Fact("done", process, call, json.dumps([_told(answer) for answer in answers]))


def _told(answer: Posted | DomainError) -> int | str | None:
    if isinstance(answer, DomainError):
        return answer.code
    return answer.entry.id if answer.entry else None
