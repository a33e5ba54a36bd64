"""Figures for Prometheus: how long requests take by route, and how they end.

Several gunicorn workers share their figures through files where PROMETHEUS_MULTIPROC_DIR is set.
"""

import hmac
import os
from dataclasses import asdict
from functools import lru_cache

import sqlalchemy as sa
from flask import Blueprint, Response, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
)
from prometheus_client import generate_latest as write_figures
from prometheus_client.multiprocess import MultiProcessCollector

from miniprogram_api.core.db import db
from miniprogram_api.core.errors import NotFound, Unauthorized
from miniprogram_api.core.settings import settings
from miniprogram_api.jobs.services import queue_figures

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"})

SECONDS = Histogram(
    "mall_request_seconds",
    "Time from the first hook to the answer.",
    ["route", "method"],
    buckets=BUCKETS,
)
ANSWERS = Counter(
    "mall_answers", "Answers by status and problem code.", ["route", "method", "status", "problem"]
)

blp = Blueprint("metrics", __name__)


class MetricsTokenInvalid(Unauthorized):
    """The figures are for who knows the setting METRICS_TOKEN."""

    code = "metrics_token_invalid"
    title_zh = "指标令牌无效"
    title_en = "The metrics token is missing or wrong"


def observe(route: str, method: str, status: int, seconds: float, problem: str | None) -> None:
    """Count one answer."""
    duration, answers = _figures(
        route, method if method in METHODS else "other", status, problem or ""
    )
    duration.observe(seconds)
    answers.inc()


@lru_cache(maxsize=4096)
def _figures(route: str, method: str, status: int, problem: str) -> tuple[Histogram, Counter]:
    """The two series of a kind of answer; looking them up takes longer than counting."""
    return (
        SECONDS.labels(route, method),
        ANSWERS.labels(route, method, str(status), problem),
    )


@blp.get("/metrics")
def figures() -> Response:
    """The figures of all workers, for who has the token."""
    token = settings().metrics_token
    if not token:
        raise NotFound("METRICS_TOKEN is not set")
    given = request.headers.get("Authorization", "").encode()
    if not hmac.compare_digest(given, f"Bearer {token}".encode()):
        raise MetricsTokenInvalid("send Authorization: Bearer <METRICS_TOKEN>")
    figures_of_all = write_figures(_registry()) + write_figures(_queue())
    return Response(figures_of_all, content_type=CONTENT_TYPE_LATEST)


def _queue() -> CollectorRegistry:
    """The queue as it is now: the same for all workers, so it is asked once, when somebody looks.

    Without the database its series are missing, and the others are shown all the more.
    """
    registry = CollectorRegistry()
    try:
        figures = asdict(queue_figures())
    except sa.exc.SQLAlchemyError:
        db.session.rollback()
        return registry
    for name, value in figures.items():
        Gauge(f"mall_jobs_{name}", "The job queue.", registry=registry).set(value)
    return registry


def _registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry


figures.guard = "public"  # type: ignore[attr-defined]
