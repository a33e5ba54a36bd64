"""Several who act at one moment."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask

from miniprogram_api.core.db import db
from miniprogram_api.core.errors import DomainError


def all_at_once(app: Flask, acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run every act in a thread of its own, started together; refusals are answers."""
    start = threading.Barrier(len(acts))
    answers: list[Any] = [None] * len(acts)

    def run(place: int) -> None:
        with app.app_context():
            start.wait()
            try:
                answers[place] = acts[place]()
            except DomainError as refusal:
                answers[place] = refusal

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    db.session.rollback()  # who starts them keeps no transaction open meanwhile
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
