"""Group commit: requests that arrive together share one gate call and one transaction.

The first to arrive leads: it does the work of its group in its own thread, while the next group
gathers. A request that comes alone waits for nobody; in a storm the cost of a round trip and of a
commit is paid once a group. No thread of its own, no queue that outlives a request: what is not
answered was not done.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

from flask import current_app

from .errors import Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")


_NOT_YET = object()


class _Waiting(Generic[Item, Answer]):
    """One caller's item, its answer, and the lock on which it waits for that."""

    __slots__ = ("answer", "done", "item")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.answer: object = _NOT_YET
        self.done = threading.Lock()
        self.done.acquire()


class GroupCommit(Generic[Item, Answer]):
    """Hands groups of items to `work`, one group at a time.

    :param work: takes the items of a group and answers each, in order; an exception in an item's
        place fails that item alone, an exception raised fails the group.
    :param bound: the largest group.
    """

    def __init__(
        self, work: Callable[[Sequence[Item]], Sequence[Answer | Exception]], bound: int = 128
    ) -> None:
        self._work = work
        self._bound = bound
        self._gathering: list[_Waiting[Item, Answer]] = []
        self._door = threading.Lock()
        self._is_led = False

    def submit(self, item: Item) -> Answer:
        """Join the group that gathers, and give this item's own answer.

        :raises Exception: whatever `work` answered for it.
        """
        waiting: _Waiting[Item, Answer] = _Waiting(item)
        with self._door:
            self._gathering.append(waiting)
            leads, self._is_led = not self._is_led, True
        if leads:
            self._lead()
        else:
            waiting.done.acquire()
            if waiting.answer is _NOT_YET:  # the leader before us handed the lead over
                self._lead()
        if isinstance(waiting.answer, Exception):
            raise waiting.answer
        return cast(Answer, waiting.answer)

    def _lead(self) -> None:
        """Do one group, our own item first in it; then wake the next leader, if anyone waits."""
        with self._door:
            group = self._gathering[: self._bound]
            del self._gathering[: self._bound]
        try:
            self._answer(group)
        finally:
            self._hand_over(group)

    def _hand_over(self, group: list[_Waiting[Item, Answer]]) -> None:
        with self._door:
            successor = self._gathering[0] if self._gathering else None
            self._is_led = successor is not None
        for waiting in group:
            if waiting.answer is _NOT_YET:  # the leader's thread is being torn down
                waiting.answer = Unavailable("the group was not finished")
            waiting.done.release()
        if successor is not None:
            successor.done.release()

    def _answer(self, group: list[_Waiting[Item, Answer]]) -> None:
        answers: Sequence[object]
        try:
            answers = self._work([waiting.item for waiting in group])
        except Exception as error:  # noqa: BLE001 - each caller raises it where it belongs
            answers = [error] * len(group)
        for waiting, answer in zip(group, answers, strict=True):
            waiting.answer = answer


def group_of(
    name: str, work: Callable[[Sequence[Item]], Sequence[Answer | Exception]]
) -> GroupCommit[Item, Answer]:
    """The application's group of that name: one in each process, whoever asks first makes it."""
    extension = f"group_commit.{name}"
    group = current_app.extensions.get(extension)
    if group is None:
        group = current_app.extensions.setdefault(extension, GroupCommit(work))
    return cast(GroupCommit[Item, Answer], group)
