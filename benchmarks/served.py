"""What gunicorn serves in a benchmark: the shop, and beside it the yardstick, in one process.

The yardstick is a Flask application of its own, so that it carries none of the shop's manners.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify

from app import create_app
from benchmarks import textbook

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def create() -> Flask:
    """The shop, but for paths under `/bare`, which none of its doors and hooks see."""
    bare, shop = _bare(), create_app()
    shop.add_url_rule("/bench/textbook", "bench.textbook", textbook.claim, methods=["POST"])
    whole: WSGIApplication = shop.wsgi_app

    def served(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        answer: WSGIApplication = bare if environ["PATH_INFO"].startswith("/bare") else whole
        return answer(environ, start)

    shop.wsgi_app = served  # type: ignore[method-assign, assignment]
    return shop


def _bare() -> Flask:
    bare = Flask("bare")

    @bare.route("/bare", methods=["GET", "POST"])
    def answer() -> Response:
        return jsonify(ok=True, stock=0)

    return bare
