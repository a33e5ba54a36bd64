"""The API documentation, readable without the internet: Swagger UI and the list of problems."""

import re
from itertools import groupby

from flask import Response, make_response, render_template
from markupsafe import Markup, escape

from miniprogram_api.auth.guards import public
from miniprogram_api.http.problem_list import all_problems

from .shell import blp
from .welcome import Link

# Swagger UI writes style attributes and draws with data: images; scripts stay ours.
SWAGGER_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)

LINKS = (
    Link(
        "/docs",
        "接口文档",
        "API documentation",
        "每个接口的字段、示例与错误，可直接试用",
        "Fields, examples and errors of every call; try them here",
    ),
    Link(
        "/docs/problems",
        "错误码",
        "Problems",
        "每个错误码的含义与提示语",
        "What every error code means",
    ),
    Link(
        "/openapi.json",
        "OpenAPI 3.1",
        "OpenAPI 3.1",
        "供工具读取的接口描述",
        "The same, for programs",
    ),
)


@blp.get("/docs")
@public
def api_docs() -> Response:
    """Swagger UI over /openapi.json."""
    response = make_response(render_template("pages/api_docs.html"))
    response.headers["Content-Security-Policy"] = SWAGGER_POLICY
    return response


@blp.get("/docs/problems")
@public
def problem_docs() -> str:
    """Every problem by its code, which is its anchor."""
    by_status = groupby(all_problems(), key=lambda problem: problem.status)
    groups = [(status, list(problems)) for status, problems in by_status]
    return render_template("pages/problems.html", groups=groups)


@blp.app_template_filter("with_code")
def with_code(text: str) -> Markup:
    """Show what stands in `backticks` as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped
