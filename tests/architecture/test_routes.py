"""Every route wears one guard; every JSON route is documented and tagged."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from flask import Blueprint, Flask

from miniprogram_api.auth.guards import GUARD, for_member, public

API_PREFIX = "/api/"
OPEN_BY_DESIGN = {"api-docs.openapi_json"}  # the library's own: the document itself


def views(app: Flask) -> Iterator[tuple[str, Callable[..., object]]]:
    """Every address and what answers there, one for each verb where a class answers."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.endpoint in OPEN_BY_DESIGN or rule.endpoint.split(".")[-1] == "static":
            continue
        view_class: Any = getattr(view, "view_class", None)
        if view_class is None:
            yield f"{rule} {rule.endpoint}", view
            continue
        for verb in sorted(view_class.methods):
            yield f"{verb} {rule}", getattr(view_class, verb.lower())


def unguarded(app: Flask) -> list[str]:
    return [address for address, view in views(app) if not getattr(view, GUARD, None)]


def undocumented(app: Flask, paths: dict[str, Any]) -> list[str]:
    """The verbs of the JSON API that the document does not know."""
    found = []
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(API_PREFIX):
            continue
        documented = paths.get(rule.rule.replace("<", "{").replace(">", "}"), {})
        documented |= paths.get(_without_converters(rule.rule), {})
        verbs = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found += [f"{verb} {rule}" for verb in sorted(verbs) if verb.lower() not in documented]
    return found


def _without_converters(rule: str) -> str:
    """`/orders/<int:order_no>` as the document writes it: `/orders/{order_no}`."""
    parts = rule.split("/")
    return "/".join(
        "{" + part[1:-1].rsplit(":", 1)[-1] + "}" if part.startswith("<") else part
        for part in parts
    )


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            if verb in {"get", "post", "put", "delete", "patch", "head", "options"}:
                yield f"{verb.upper()} {path}", operation


def document_of(app: Flask) -> dict[str, Any]:
    with app.app_context():
        return cast(dict[str, Any], app.test_client().get("/openapi.json").get_json())


def test_there_are_routes(mall: Flask) -> None:
    assert len(list(views(mall))) > 10


def test_every_route_wears_a_guard(mall: Flask) -> None:
    assert unguarded(mall) == []


def test_every_api_route_is_documented(mall: Flask) -> None:
    assert undocumented(mall, document_of(mall)["paths"]) == []


def test_every_operation_is_tagged_and_says_what_it_does(mall: Flask) -> None:
    silent = [
        name
        for name, operation in operations(document_of(mall))
        if not operation.get("tags") or not operation.get("summary")
    ]
    assert silent == []


def test_no_route_needs_a_verb_that_a_mini_program_lacks(mall: Flask) -> None:
    verbs = {verb for rule in mall.url_map.iter_rules() for verb in rule.methods or ()}
    assert "PATCH" not in verbs


def test_an_open_and_undocumented_route_is_found(make_mall: Callable[[], Flask]) -> None:
    app = make_mall()
    forgotten = Blueprint("forgotten", __name__)
    forgotten.add_url_rule("/api/v1/back-door/<int:key>", view_func=lambda _key: "", endpoint="in")
    app.register_blueprint(forgotten)

    assert unguarded(app) == ["/api/v1/back-door/<int:key> forgotten.in"]
    assert undocumented(app, document_of(app)["paths"]) == ["GET /api/v1/back-door/<int:key>"]


def test_two_guards_are_one_too_many() -> None:
    with pytest.raises(TypeError, match="two guards"):
        public(for_member(lambda: ""))
