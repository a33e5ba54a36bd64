"""What is kept for a second: read once a second, by one, while the others go on."""

import threading
from concurrent.futures import ThreadPoolExecutor

from miniprogram_api.core.memory import MOST_KEPT, ForASecond


class Clock:
    """A clock that stands where it was put."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, key: int) -> str | None:
        self.asked.append(key)
        return f"{key} as of reading {len(self.asked)}" if key > 0 else None


def test_a_value_is_read_once_a_second() -> None:
    clock, source = Clock(), Source()
    memory = ForASecond(source, clock)
    assert {memory.get(7) for _ in range(100)} == {"7 as of reading 1"}
    clock.now += 0.99
    assert memory.get(7) == "7 as of reading 1"
    clock.now += 0.02
    assert memory.get(7) == "7 as of reading 2"
    memory.forget()
    assert memory.get(7) == "7 as of reading 3"


def test_what_is_not_there_is_not_kept() -> None:
    source = Source()
    memory = ForASecond(source, Clock())
    assert [memory.get(-1), memory.get(-1)] == [None, None]
    assert source.asked == [-1, -1]


def test_while_one_reads_again_the_others_go_on_with_the_last() -> None:
    clock, reading, may_end = Clock(), threading.Event(), threading.Event()
    answers = iter(["first", "second"])

    def slow(_key: int) -> str:
        value = next(answers)
        if value == "second":
            reading.set()
            may_end.wait(5)
        return value

    memory: ForASecond[int, str] = ForASecond(slow, clock)
    memory.get(1)
    clock.now += 1.5
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(memory.get, 1)
        assert reading.wait(5)
        assert [memory.get(1) for _ in range(50)] == ["first"] * 50
        may_end.set()
        assert leader.result() == "second"
    assert memory.get(1) == "second"


def test_a_crowd_that_comes_first_makes_one_reading() -> None:
    source, start = Source(), threading.Barrier(16)
    memory = ForASecond(source, Clock())

    def ask() -> str | None:
        start.wait()
        return memory.get(7)

    with ThreadPoolExecutor(16) as pool:
        answers = {future.result() for future in [pool.submit(ask) for _ in range(16)]}
    assert answers == {"7 as of reading 1"}


def test_memory_is_bounded() -> None:
    memory = ForASecond(Source(), Clock())
    for key in range(1, MOST_KEPT + 10):
        memory.get(key)
    assert len(memory._kept) <= MOST_KEPT
