"""What a process remembers for a moment, so that a crowd asks the same question once.

Kept by each application for itself: two in one process do not see each other's memory.
"""

import time
from collections.abc import Callable
from typing import Generic, TypeVar, cast

from flask import current_app

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """Values by key, each for a number of seconds after it was put in.

    :param name: unique in the application.
    """

    def __init__(self, name: str, seconds: float) -> None:
        self._extension = f"memory.{name}"
        self.seconds = seconds

    def get(self, key: Key) -> Value | None:
        """What was put in and is still fresh."""
        kept = self._kept().get(key)
        return kept[1] if kept is not None and kept[0] > time.monotonic() else None

    def put(self, key: Key, value: Value, seconds: float | None = None) -> Value:
        """Remember `value`; answers it."""
        life = self.seconds if seconds is None else seconds
        self._kept()[key] = (time.monotonic() + life, value)
        return value

    def remember(self, key: Key, find: Callable[[], Value]) -> Value:
        """What is remembered, or else what `find` finds now."""
        known = self.get(key)
        return self.put(key, find()) if known is None else known

    def forget(self, key: Key | None = None) -> None:
        """Forget one key, or everything."""
        if key is None:
            self._kept().clear()
        else:
            self._kept().pop(key, None)

    def _kept(self) -> dict[Key, tuple[float, Value]]:
        extensions = current_app.extensions
        return cast("dict[Key, tuple[float, Value]]", extensions.setdefault(self._extension, {}))
