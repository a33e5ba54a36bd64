"""How jobs reach the workers: dramatiq carries their numbers over Redis or RabbitMQ.

The table is the truth and the carrier only makes it fast. It carries a job's id and nothing else,
may lose it or bring it twice, and its own retries are off: the row knows how often and when.
"""

import importlib
import time
from collections.abc import Callable, Iterable
from typing import Any, cast

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from flask import Flask, current_app

from miniprogram_api.core.log import log
from miniprogram_api.core.redis import connect, redis_url
from miniprogram_api.core.settings import Settings, SettingsError

from . import engine

QUEUE = "jobs"
NAMESPACE = "{jobs}"  # one hash tag: all of dramatiq's keys live in one slot of a cluster
REST_SECONDS = 5.0

_log = log(__name__)


class Carrier:
    """The broker of one application.

    After a failure it rests for some seconds, so that requests do not wait for a broker that is
    away; what they wanted to hand over, the sweep will.
    """

    def __init__(self, app: Flask, broker: dramatiq.Broker) -> None:
        self.broker = broker
        named = dramatiq.actor(actor_name="run_job", queue_name=QUEUE, broker=broker)
        self._actor = named(_run_in(app))
        self._rests_until = 0.0

    def hand_over(self, job_ids: Iterable[int]) -> bool:
        """Give jobs to the workers; False: the broker is away, and nothing is lost by that."""
        return self._reach(lambda: [self._actor.send(job_id) for job_id in job_ids]) is not None

    def depth(self) -> int | None:
        """How many messages wait or are under way; None: the broker is away."""
        depth: int | None = self._reach(self._depth)
        return depth

    def _depth(self) -> int:
        if isinstance(self.broker, RedisBroker):
            return int(self.broker.do_qsize(QUEUE))
        # RabbitMQ tells how many are ready and how many are delayed, per queue.
        counts = cast(Any, self.broker).get_queue_message_counts(QUEUE)
        return int(counts[0]) + int(counts[1])

    def _reach(self, act: Callable[[], Any]) -> Any:
        if time.monotonic() < self._rests_until:
            return None
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - whatever it was, the row is still there
            self._rests_until = time.monotonic() + REST_SECONDS
            _log.warning("broker_away", error=type(error).__name__)
            return None


def init_jobs(app: Flask, settings: Settings) -> None:
    """Give the application its carrier; nothing is connected before the first job."""
    app.extensions["jobs"] = Carrier(app, _broker(settings.broker_url or redis_url(app, settings)))


def carrier() -> Carrier:
    """The carrier of the application in whose context we are."""
    return cast(Carrier, current_app.extensions["jobs"])


def _run_in(app: Flask) -> Callable[[int], None]:
    def run_job(job_id: int) -> None:
        with app.app_context():
            engine.run(job_id)

    return run_job


def _broker(url: str) -> dramatiq.Broker:
    if not url.startswith(("amqp://", "amqps://")):
        make: Any = RedisBroker
        return cast(dramatiq.Broker, make(client=connect(url), namespace=NAMESPACE, middleware=[]))
    try:
        rabbitmq = importlib.import_module("dramatiq.brokers.rabbitmq")
    except ImportError:
        raise SettingsError("BROKER_URL: RabbitMQ needs the package pika") from None
    return cast(dramatiq.Broker, rabbitmq.RabbitmqBroker(url=url, middleware=[]))
