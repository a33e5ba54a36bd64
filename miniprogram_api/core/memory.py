"""What a process keeps for a second, read again by one while the others still have the last."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar, cast

from flask import current_app

Key = TypeVar("Key")
Value = TypeVar("Value")

SECONDS = 1.0
GRACE_SECONDS = 1.0
"""How much older it may get while somebody is already reading it again."""

MOST_KEPT = 1000


class ForASecond(Generic[Key, Value]):
    """Values by key, each read at most once a second; what `read` answers with None is not kept.

    A thousand requests that find a value stale send one of them to read; the others go on with what
    they have.
    """

    def __init__(
        self, read: Callable[[Key], Value | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._kept: dict[Key, tuple[float, Value]] = {}
        self._reading = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """The value of a key, a second old at most, or two while it is being read."""
        kept = self._kept.get(key)
        moment = self._clock()
        if kept is not None and moment < kept[0] + SECONDS:
            return kept[1]
        is_usable = kept is not None and moment < kept[0] + SECONDS + GRACE_SECONDS
        if not self._reading.acquire(blocking=not is_usable):
            return kept[1] if kept is not None else None
        try:
            return self._read_again(key)
        finally:
            self._reading.release()

    def known(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """Those of the keys whose value is fresh; nothing is read."""
        kept, moment = self._kept.copy(), self._clock()  # another thread may empty it meanwhile
        return {
            key: kept[key][1] for key in keys if key in kept and moment < kept[key][0] + SECONDS
        }

    def put(self, values: Mapping[Key, Value]) -> None:
        """Keep values that were read in another way."""
        moment = self._clock()
        self._kept.update({key: (moment, value) for key, value in values.items()})

    def is_empty(self) -> bool:
        """Whether nothing is kept, fresh or not."""
        return not self._kept

    def forget(self) -> None:
        """Read everything anew at the next question."""
        self._kept.clear()

    def _read_again(self, key: Key) -> Value | None:
        kept = self._kept.get(key)
        moment = self._clock()
        if kept is not None and moment < kept[0] + SECONDS:
            return kept[1]  # somebody read it while we waited
        value = self._read(key)
        if value is None:
            self._kept.pop(key, None)
            return None
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = (moment, value)
        return value


def nothing(_key: object) -> None:
    """Reads nothing: for a memory that is only put into."""


class Memory(Generic[Key, Value]):
    """`ForASecond`, one for each application: two in one process know nothing of each other.

    :param name: unique among the memories.
    """

    def __init__(self, name: str, read: Callable[[Key], Value | None] = nothing) -> None:
        self._extension = f"memory.{name}"
        self._read = read

    def get(self, key: Key) -> Value | None:
        """The value of a key; see `ForASecond.get`."""
        return self._own().get(key)

    def known(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """Those of the keys whose value is fresh."""
        return self._own().known(keys)

    def put(self, values: Mapping[Key, Value]) -> None:
        """Keep values that were read in another way."""
        self._own().put(values)

    def is_empty(self) -> bool:
        """Whether nothing is kept."""
        return self._own().is_empty()

    def forget(self) -> None:
        """Read everything anew at the next question."""
        self._own().forget()

    def _own(self) -> ForASecond[Key, Value]:
        kept = current_app.extensions.get(self._extension)
        if kept is None:
            kept = current_app.extensions.setdefault(self._extension, ForASecond(self._read))
        return cast(ForASecond[Key, Value], kept)
