"""How a lower floor tells a higher one: a feature above connects, the floor below emits.

Handlers run in the emitter's transaction, in the order in which they joined, so a fact and its
consequences are written together or not at all.
"""

from collections.abc import Callable


class Event:
    """Something that happens on this floor and may matter above.

    Handlers take the facts as keyword arguments; joining twice is joining once.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._handlers: list[Callable[..., object]] = []

    def connect(self, handler: Callable[..., object]) -> None:
        """Call `handler` with the facts each time this happens."""
        if handler not in self._handlers:
            self._handlers.append(handler)

    def emit(self, **facts: object) -> None:
        """Tell every handler, inside the caller's transaction; an error in one ends it all."""
        for handler in self._handlers:
            handler(**facts)
