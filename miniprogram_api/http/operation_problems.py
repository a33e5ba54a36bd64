"""How an operation documents its problems: one answer for each status, with the codes it may carry."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from marshmallow import INCLUDE, Schema, fields

from miniprogram_api.core.errors import DomainError

from .problems import MEDIA_TYPE, status_of
from .standard_problems import BY_STATUS

HEADERS = {
    401: ("WWW-Authenticate", "Why the token is not taken."),
    429: ("Retry-After", "Seconds until a repeat has a chance."),
    503: ("Retry-After", "Seconds until a repeat has a chance."),
}


class ProblemSchema(Schema):
    """RFC 9457 problem details; further members carry the numbers of the case."""

    class Meta:
        """What marshmallow asks for."""

        unknown = INCLUDE

    type = fields.String(required=True, metadata={"description": "Where the code is explained."})
    title = fields.String(
        required=True, metadata={"description": "A short sentence in the caller's language."}
    )
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "Stable; for programs."})
    detail = fields.String(metadata={"description": "For people, with the numbers in it."})
    request_id = fields.String(required=True)
    errors = fields.Dict(
        metadata={"description": 'Messages by place and field: `{"json": {"points": ["…"]}}`.'}
    )


def responses(
    kinds: Iterable[type[DomainError]], statuses: Iterable[int]
) -> dict[int, dict[str, Any]]:
    """The `responses` of an operation that refuses with `kinds` and with HTTP's own `statuses`."""
    codes: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for kind in kinds:
        codes[status_of(kind)][kind.code] = f"{kind.title_zh} · {kind.title_en}"
    for status in statuses:
        problem = BY_STATUS[status]
        codes[status][problem.code] = f"{problem.title_zh} · {problem.title_en}"
    return {status: _response(status, titles) for status, titles in sorted(codes.items())}


def _response(status: int, titles: dict[str, str]) -> dict[str, Any]:
    lines = (f"- [`{code}`](/docs/problems#{code}) {title}" for code, title in titles.items())
    documented: dict[str, Any] = {
        "description": "\n".join(lines),
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "$ref": "#/components/schemas/Problem",
                    "properties": {"code": {"enum": sorted(titles)}},
                }
            }
        },
    }
    if status in HEADERS:
        name, meaning = HEADERS[status]
        documented["headers"] = {name: {"description": meaning, "schema": {"type": "string"}}}
    return documented
