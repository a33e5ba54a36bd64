"""What a caller sends: one object of strict JSON (`core.strict_json`), read to its end."""

from typing import Any, NoReturn

from flask import Request, request
from marshmallow import Schema, ValidationError, fields
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, UnsupportedMediaType

from miniprogram_api.core import strict_json

from .standard_problems import MalformedJson, ValidationFailed


def loads(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`.

    :raises MalformedJson: it is not one, or not in the strict form.
    """
    try:
        value = strict_json.decode(raw)
    except strict_json.NotStrictJson as error:
        raise MalformedJson(str(error)) from None
    if not isinstance(value, dict):
        raise MalformedJson("the body must be a JSON object")
    return value


def body() -> dict[str, Any]:
    """The JSON object that the caller sent.

    :raises MalformedJson: there is none.
    :raises UnsupportedMediaType: it is sent as something else.
    """
    raw = raw_body()
    if not raw:
        raise MalformedJson("the body is empty")
    _require_json_type(request)
    return loads(raw)


def raw_body() -> bytes:
    """The bytes that the caller sent, all of them.

    :raises MalformedJson: they broke off, or their chunks make no sense.
    :raises RequestEntityTooLarge: there are more than we read.
    """
    try:
        raw = request.get_data(cache=True)
    except HTTPException:
        raise
    except Exception:  # noqa: BLE001 - each server has its own words for a broken frame
        raise MalformedJson("the body cannot be read to its end") from None
    limit = request.max_content_length
    if limit is not None and request.content_length is None and len(raw) >= limit:
        raise RequestEntityTooLarge  # werkzeug cuts a chunked body off at the limit and says nothing
    return raw


def _require_json_type(asked: Request) -> None:
    charset = asked.mimetype_params.get("charset", "utf-8").lower()
    encoding = asked.headers.get("Content-Encoding", "identity").lower()
    if asked.mimetype != "application/json" or charset != "utf-8" or encoding != "identity":
        raise UnsupportedMediaType


class StrictParser(FlaskParser):
    """Reads arguments for `Blueprint.arguments`: strict JSON, each query parameter once."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": None, "form": None}  # noqa: RUF012 - theirs

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body as one JSON object."""
        return body()

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query's parameters; one that is given twice has no meaning, unless it is a list."""
        found: dict[str, Any] = {}
        lists = {
            item.data_key or name
            for name, item in schema.fields.items()
            if isinstance(item, fields.List)
        }
        twice = {}
        for name, values in req.args.lists():
            if len(values) > 1 and name not in lists:
                twice[name] = ["Given more than once."]
            found[name] = values if name in lists else values[0]
        if twice:
            raise ValidationFailed({"query": twice})
        return found

    def handle_error(self, error: ValidationError, *_args: Any, **_options: Any) -> NoReturn:
        """Name the fields that are wrong.

        :raises ValidationFailed: always.
        """
        raise ValidationFailed(error.messages) from None
