"""Which till a call comes from: the header `X-Till`, or the body where it names one."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import request

from miniprogram_api.http.api import Blueprint
from miniprogram_api.staff.errors import RoleTooLow
from miniprogram_api.staff.guards import current_staff

from .errors import NoSuchTill, OtherStore, TillCodeInvalid, TillRevoked, TillsDiffer
from .fields import TILL_PATTERN
from .tills import Counter, counter_of, own_code

HEADER = "X-Till"
HEADER_PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "description": "收银台编号，缺省为本人专用 · the till's code; left out: the caller's own",
    "schema": {"type": "string", "pattern": TILL_PATTERN},
}
TILL_PROBLEMS = (TillCodeInvalid, NoSuchTill, TillRevoked, OtherStore, RoleTooLow)
_CODE = re.compile(TILL_PATTERN.strip("^$"))
F = TypeVar("F", bound=Callable[..., Any])


class TillBlueprint(Blueprint):
    """Endpoints of which some are called from a till, and document its header."""

    def __init__(self, name: str, **facts: Any) -> None:
        super().__init__(name, **facts)
        self._prepare_doc_cbks.append(_with_header)

    def at_till(self, view: F) -> F:
        """Document that a view is called from a till."""
        documented = self.problems(*TILL_PROBLEMS)(view)
        documented._apidoc["at_till"] = True  # type: ignore[attr-defined]  # noqa: SLF001 - flask-smorest's place for it
        return documented


def _with_header(doc: dict[str, Any], doc_info: dict[str, Any], **_rest: Any) -> dict[str, Any]:
    if doc_info.get("at_till"):
        doc.setdefault("parameters", []).append(HEADER_PARAMETER)
    return doc


def counter_of_request(named: str | None = None) -> Counter:
    """Who calls, and at which till.

    :param named: the till that the body names.
    :raises TillCodeInvalid: the header has the wrong form.
    :raises TillsDiffer: header and body name two.
    :raises NoSuchTill: it must be registered, and is not; `TillRevoked`, `OtherStore`: may not act.
    """
    staff, header = current_staff(), request.headers.get(HEADER)
    if header is not None and not is_till_code(header):
        raise TillCodeInvalid("1 to 20 letters, digits, - or _")
    if None not in {header, named} and header != named:
        raise TillsDiffer("the header and the body name two tills")
    return counter_of(header or named or own_code(staff), staff)


def is_till_code(text: str) -> bool:
    """Whether a till may be called so."""
    return _CODE.fullmatch(text) is not None
