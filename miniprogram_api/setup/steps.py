"""The first rules of a shop: each feature brings its own step, with numbers that may stay as they are.

A feature joins with `add_step`; its step reads the numbers that were typed and publishes through the
feature's own services.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import marshmallow as ma

from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.http.schemas import Schema
from miniprogram_api.staff import audit

from .errors import AlreadyPublished, NoSuchStep


@dataclass(frozen=True)
class Blank:
    """A number of a first rule: what it is called, what stands there, what may be typed.

    :param default: as somebody would type it.
    :param reads: the field that makes sense of what is typed.
    """

    name: str
    zh: str
    en: str
    default: str
    reads: ma.fields.Field[Any]
    unit_zh: str = ""
    unit_en: str = ""


@dataclass(frozen=True)
class Step:
    """A first rule.

    :param is_done: whether the shop has one already.
    :param publish: lets the numbers that were typed be the rule from now on, in the caller's transaction;
        given who does it.
    :param page: where it is changed later.
    """

    code: str
    zh: str
    en: str
    about_zh: str
    about_en: str
    blanks: Sequence[Blank]
    is_done: Callable[[], bool]
    publish: Callable[[Mapping[str, Any], str], None]
    page: str = ""
    rank: int = field(default=50)

    def schema(self) -> ma.Schema:
        """What reads the form."""
        read = {blank.name: blank.reads for blank in self.blanks}
        made: ma.Schema = Schema.from_dict(read)()
        return made


_steps: dict[str, Step] = {}


def add_step(step: Step) -> None:
    """Join a first rule; a repeat changes nothing."""
    _steps[step.code] = step


def steps() -> list[Step]:
    """Every first rule, in order."""
    return sorted(_steps.values(), key=lambda step: (step.rank, step.code))


def step_of(code: str) -> Step:
    """A first rule by its code.

    :raises NoSuchStep: no feature brings it.
    """
    found = _steps.get(code)
    if found is None:
        raise NoSuchStep(f"no step {code[:32]}")
    return found


@retrying
def publish(step: Step, numbers: Mapping[str, Any]) -> None:
    """Let a first rule begin, and write down who decided it.

    :raises AlreadyPublished: the shop has one.
    """
    with transaction():
        if step.is_done():
            raise AlreadyPublished(f"{step.code} has a rule")
        step.publish(numbers, audit.actor())
        audit.record("setup.first_rule", f"rule:{step.code}", after=dict(numbers))
