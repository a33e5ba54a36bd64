"""Shoppers in a storm: most ask under the same key until the answer is final, some go away.

Who goes away when the connection breaks leaves behind what only the sweep can find.
"""

import random
import threading
import time
import zlib
from collections import Counter

from tests.crowds.storm import Hit, Shot, Wire

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = (0.05, 0.4)
LATER = {429, 503}
GONE = "gone"
IMPATIENT_ONE_IN = 3


class Tally:
    """What a crowd has met so far; the one who plans a fault watches it."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.is_over = False
        self._changed = threading.Condition()

    def note(self, word: str) -> None:
        with self._changed:
            self.counts[word] += 1
            self._changed.notify_all()

    def end(self) -> None:
        """The storm is over; nobody need wait for more."""
        with self._changed:
            self.is_over = True
            self._changed.notify_all()

    def wait_for_orders(self, count: int, seconds: float = PATIENCE_SECONDS) -> bool:
        """Wait until so many orders were told of; whether the storm still goes on."""
        with self._changed:
            self._changed.wait_for(lambda: self.orders >= count or self.is_over, seconds)
            return not self.is_over

    @property
    def orders(self) -> int:
        return self.counts["won"] + self.counts["repeated"]


class PatientWire(Wire):
    """A connection of somebody who asks until the answer is final, and tells the tally."""

    def __init__(self, port: int, tally: Tally) -> None:
        super().__init__(port)
        self._tally = tally

    def send(self, shot: Shot) -> Hit:
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE_SECONDS:
            try:
                hit = self.once(shot, began)
            except OSError:
                self.close()
                self._tally.note("broken")
                if is_impatient(shot):
                    self._tally.note(GONE)
                    return Hit(shot, 0, {"code": GONE}, is_replay=False, seconds=0)
            else:
                self._tally.note(hit.word)
                if hit.status not in LATER and hit.word != "request_in_progress":
                    return hit
            time.sleep(random.uniform(*PAUSE_SECONDS))
        raise TimeoutError(f"no final answer to {shot.key}")


def is_impatient(shot: Shot) -> bool:
    """Whether the shopper goes away for good when the connection breaks."""
    return zlib.crc32(shot.key.encode()) % IMPATIENT_ONE_IN == 0
