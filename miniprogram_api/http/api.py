"""Endpoints, and the OpenAPI document that follows from them.

    blp = Blueprint("points", url_prefix="/api/v1/points", description="…")

    @blp.get("/entries")
    @for_member
    @blp.paged(EntrySchema, LedgerEntry.id)
    def entries() -> Select: …

    @blp.post("")
    @for_member
    @blp.problems(SoldOut, InsufficientPoints)
    @blp.arguments(RedemptionSchema)
    @idempotent
    @blp.response(201, OrderSchema)
    def place(redemption): …

Every operation documents every problem that it can answer with: those of its guard, of its body,
query and path, of idempotency, and those it declares.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial, wraps
from typing import Any, TypeVar

import flask_smorest
import marshmallow as ma
from flask import Flask, Response, json
from werkzeug.routing import BaseConverter

from miniprogram_api.core.errors import DomainError, NotFound, SlowDown, Unavailable

from . import idempotency, paging
from .json_body import StrictParser
from .operation_problems import ProblemSchema, responses
from .schemas import ID_PATTERN, Schema
from .standard_problems import MalformedJson, ValidationFailed

F = TypeVar("F", bound=Callable[..., Any])
View = Callable[..., Any]
Show = Callable[[Sequence[Any]], Sequence[Any]]
GuardProblems = Mapping[str, Iterable[type[DomainError]]]


class IdConverter(BaseConverter):
    """`<id:order_id>`: a row's number, in the only spelling that we give out."""

    regex = ID_PATTERN.strip("^$")

    def to_python(self, value: str) -> int:
        """The number itself."""
        return int(value)


class NumberConverter(BaseConverter):
    """`<no:order_no>`: a number that left the house, letters and digits."""

    regex = "[0-9A-Za-z]{4,40}"


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # it ships no types
    """A feature's endpoints, documented with every problem that they can answer with."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(
        self, name: str, *, url_prefix: str = "", description: str, title: str = ""
    ) -> None:
        super().__init__(name, __name__, url_prefix=url_prefix or None, description=description)
        self.title = title or name
        self._prepare_doc_cbks.append(self._prepare_problems_doc)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        *args: Any,
        **options: Any,
    ) -> None:
        """Register a view; its guard and its idempotency are read from what it wears."""
        worn = {
            "guard": getattr(view_func, "guard", "public"),
            "is_idempotent": getattr(view_func, "is_idempotent", False),
            "has_path": "<" in f"{self.url_prefix or ''}{rule}",
        }
        view_func._apidoc = {**getattr(view_func, "_apidoc", {}), "worn": worn}  # noqa: SLF001 - flask-smorest's place for it
        options["tags"] = options.get("tags") or [self.title]
        super().add_url_rule(rule, endpoint, view_func, *args, **options)

    def get(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register a view that reads."""
        return self._verb("GET", rule, options)

    def post(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register a view that acts."""
        return self._verb("POST", rule, options)

    def put(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register a view that replaces."""
        return self._verb("PUT", rule, options)

    def delete(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register a view that removes."""
        return self._verb("DELETE", rule, options)

    def arguments(self, schema: Any, **options: Any) -> Callable[[View], View]:
        """Read the body (or `location="query"`) with a schema; the view gets it as a dict."""
        decorator: Callable[[View], View] = super().arguments(schema, **options)
        return decorator

    def response(
        self, status_code: int, schema: Any = None, **options: Any
    ) -> Callable[[View], View]:
        """Write what the view returns with a schema."""
        decorator: Callable[[View], View] = super().response(status_code, schema, **options)
        return decorator

    def doc(self, **facts: Any) -> Callable[[View], View]:
        """Say what else the document should tell of a view."""
        decorator: Callable[[View], View] = super().doc(**facts)
        return decorator

    def problems(self, *kinds: type[DomainError]) -> Callable[[F], F]:
        """Declare what an operation refuses, beyond what follows from its shape."""

        def decorator(view: F) -> F:
            documented = dict(getattr(view, "_apidoc", {}))
            documented["problems"] = [*documented.get("problems", []), *kinds]
            view._apidoc = documented  # type: ignore[attr-defined]  # noqa: SLF001
            return view

        return decorator

    def paged(
        self,
        item: type[ma.Schema],
        *keys: paging.Key,
        filters: type[Schema] | None = None,
        show: Show | None = None,
    ) -> Callable[[View], View]:
        """Answer with a page of what the view selects, newest first by `keys`.

        The view returns a SELECT; it takes the fields of `filters` as keyword arguments. The keys
        are whole numbers or moments, unique together; a SELECT of columns includes them.

        :param show: turns all rows of a page at once into what `item` writes.
        """
        query = paging.query_schema(keys, filters)

        def decorator(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def listed(given: dict[str, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
                page: dict[str, Any] = {
                    "limit": given.pop("limit"),
                    "cursor": given.pop("cursor", None),
                }
                found = paging.page(view(*args, **given, **kwargs), keys, page)
                return found if show is None else {**found, "items": show(found["items"])}

            answered = self.response(200, _page_schema(item))(listed)
            return self.arguments(query, location="query")(answered)

        return decorator

    def register_views_in_doc(self, api: "Api", *args: Any, **named: Any) -> None:
        """Describe the endpoints when the document is asked for: it is most of a start's work."""
        api.describe_later(partial(super().register_views_in_doc, api, *args, **named))

    def _verb(self, verb: str, rule: str, options: dict[str, Any]) -> Callable[[F], F]:
        decorator: Callable[[F], F] = self.route(rule, methods=[verb], **options)
        return decorator

    def _prepare_problems_doc(
        self, doc: dict[str, Any], doc_info: dict[str, Any], *, api: "Api", **_rest: Any
    ) -> dict[str, Any]:
        worn = doc_info["worn"]
        kinds: list[type[DomainError]] = [SlowDown, Unavailable, *doc_info.get("problems", ())]
        statuses = [400]
        if "requestBody" in doc:
            kinds.append(MalformedJson)
            statuses += [413, 415]
        if "arguments" in doc_info:
            kinds.append(ValidationFailed)
        if worn["has_path"]:
            kinds.append(NotFound)
        if worn["is_idempotent"]:
            kinds += [MalformedJson, *idempotency.PROBLEMS]
            statuses += [413, 415]
            doc.setdefault("parameters", []).append(idempotency.PARAMETER)
        if worn["guard"] != "public":
            kinds += api.guards[worn["guard"]]
            doc["security"] = [{worn["guard"].partition(":")[0]: []}]
        given = doc.get("responses", {})
        answers = {status: given[status] for status in given if str(status) < "400"}  # no "default"
        return {**doc, "responses": {**answers, **responses(kinds, statuses)}}


class Api(flask_smorest.Api):  # type: ignore[misc]  # it ships no types
    """The OpenAPI document of the application, at /openapi.json."""

    def __init__(self, app: Flask, guards: GuardProblems) -> None:
        self.guards = guards
        self._undescribed: list[Callable[[], None]] = []
        self._text = ""
        self._writing = threading.Lock()
        app.url_map.converters.update(id=IdConverter, no=NumberConverter)
        super().__init__(app, spec_kwargs={"info": {"description": DESCRIPTION}})
        self.spec.components.schema("Problem", schema=ProblemSchema)
        self.register_converter(IdConverter, lambda _: {"type": "string", "pattern": ID_PATTERN})
        self.register_converter(
            NumberConverter, lambda _: {"type": "string", "pattern": f"^{NumberConverter.regex}$"}
        )
        for name in dict.fromkeys(guard.partition(":")[0] for guard in guards):
            self.spec.components.security_scheme(name, {"type": "http", "scheme": "bearer"})

    def register_blueprint(self, blp: Blueprint, **options: Any) -> None:
        """Add a feature's endpoints, under its title."""
        super().register_blueprint(blp, **options)
        self.spec._tags[-1]["name"] = blp.title  # noqa: SLF001 - named after the blueprint else

    def describe_later(self, describe: Callable[[], None]) -> None:
        """Keep a feature's description for whoever first asks for the document."""
        self._undescribed.append(describe)

    def _openapi_json(self) -> Response:
        """The document; made once, when somebody first asks."""
        return Response(self.text, mimetype="application/json")

    _openapi_json.guard = "public"  # type: ignore[attr-defined]

    @property
    def text(self) -> str:
        """The document as JSON."""
        with self._writing:
            if not self._text:
                for describe in self._undescribed:
                    describe()
                self._text = json.dumps(self.spec.to_dict(), indent=2, sort_keys=False) + "\n"
            return self._text

    def _register_error_handlers(self) -> None:
        """`problems` tells every error; flask-smorest's own handler is not wanted."""

    def _register_responses(self) -> None:
        """Each operation documents its own problems; no standard answers of flask-smorest's."""

    def _register_etag_headers(self) -> None:
        """No answer of ours has an entity tag."""

    def _register_pagination_header(self) -> None:
        """Our lists carry their cursor in the body."""


DESCRIPTION = """\
会员积分商城接口。成功即 2xx；错误为 `application/problem+json`，见 [错误码](/docs/problems)。

A loyalty backend for mini-programs. Errors are RFC 9457 problems, listed at
[/docs/problems](/docs/problems).
"""


def init_api(app: Flask, guards: GuardProblems) -> Api:
    """Make the API of an application.

    :param guards: what each guard answers when it refuses, by the guard's name.
    """
    app.config.update(
        API_TITLE="积分商城 Points mall",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
    )
    return Api(app, guards)


@cache  # two lists of the same items share a schema, and its name in the document
def _page_schema(item: type[ma.Schema]) -> ma.Schema:
    """`{"items": […], "next_cursor": "…" | null}`."""
    fields: dict[str, ma.fields.Field[Any]] = {
        "items": ma.fields.List(ma.fields.Nested(item), required=True),
        "next_cursor": ma.fields.String(
            required=True,
            allow_none=True,
            metadata={"description": "Give it back as `cursor` for the next page; null: the end."},
        ),
    }
    return Schema.from_dict(fields, name=f"{item.__name__.removesuffix('Schema')}Page")()
