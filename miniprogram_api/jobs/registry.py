"""What work there is: features above join their handlers by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .rules import Patience

Payload = Mapping[str, Any]
Handler = Callable[[Payload], object]


class UnknownJob(Exception):
    """Nobody has registered a handler for this name."""


class NotYet(Exception):
    """A handler finds that its work belongs to a later moment. That is no failure and no attempt.

    :param due_at: when to run it; must lie ahead.
    """

    def __init__(self, due_at: datetime) -> None:
        super().__init__(f"not before {due_at.isoformat()}")
        self.due_at = due_at


@dataclass(frozen=True)
class RegisteredJob:
    """A name, who does the work, and how patient we are with it."""

    name: str
    handler: Handler
    patience: Patience


_jobs: dict[str, RegisteredJob] = {}


def job(name: str, *, patience: Patience | None = None) -> Callable[[Handler], Handler]:
    """Register a handler: `@job("points.expire")` above `def expire(payload)`.

    A handler is run at least once, perhaps again after a crash, in an application context of its
    own and outside any transaction. It calls services whose references make a repeat harmless, and
    raises when the work is not done.
    """

    def register(handler: Handler) -> Handler:
        known = _jobs.get(name)
        if known is not None and known.handler is not handler:
            raise ValueError(f"two handlers want the job {name}")
        _jobs[name] = RegisteredJob(name, handler, patience or Patience())
        return handler

    return register


def registered(name: str) -> RegisteredJob:
    """The job of that name.

    :raises UnknownJob: there is none.
    """
    try:
        return _jobs[name]
    except KeyError:
        raise UnknownJob(f"no handler is registered for the job {name!r}") from None


def patience_with(name: str) -> Patience:
    """How patient we are with a job, even one whose handler this release does not have."""
    known = _jobs.get(name)
    return known.patience if known else Patience()


def job_names() -> list[str]:
    """Every job that has a handler."""
    return sorted(_jobs)
