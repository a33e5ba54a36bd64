"""Many callers, one piece of work."""

import threading
import time
from collections.abc import Sequence

import pytest

from miniprogram_api.core.errors import Unavailable
from miniprogram_api.core.group_commit import GroupCommit


class Desk:
    """Doubles numbers, slowly, and remembers its groups."""

    def __init__(self, seconds: float = 0.01) -> None:
        self.groups: list[list[int]] = []
        self.at_work = 0
        self.seconds = seconds

    def double(self, items: Sequence[int]) -> list[int | Exception]:
        self.at_work += 1
        assert self.at_work == 1, "two groups at once"
        time.sleep(self.seconds)
        self.groups.append(list(items))
        self.at_work -= 1
        return [ValueError(item) if item < 0 else item * 2 for item in items]


def crowd(commit: GroupCommit[int, int], items: Sequence[int]) -> dict[int, object]:
    answers: dict[int, object] = {}
    start = threading.Barrier(len(items))

    def ask(item: int) -> None:
        start.wait()
        try:
            answers[item] = commit.submit(item)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            answers[item] = error

    threads = [threading.Thread(target=ask, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return answers


def test_alone_a_request_is_a_group_of_one() -> None:
    desk = Desk(0)
    commit = GroupCommit(desk.double)
    assert [commit.submit(3), commit.submit(4)] == [6, 8]
    assert desk.groups == [[3], [4]]


def test_those_who_arrive_together_share_few_groups_and_each_has_its_own_answer() -> None:
    desk = Desk()
    answers = crowd(GroupCommit(desk.double), range(64))
    assert answers == {item: item * 2 for item in range(64)}
    assert len(desk.groups) < 32
    assert sorted(item for group in desk.groups for item in group) == list(range(64))


def test_a_group_is_no_larger_than_its_bound() -> None:
    desk = Desk()
    crowd(GroupCommit(desk.double, bound=5), range(40))
    assert max(map(len, desk.groups)) <= 5


def test_one_bad_item_fails_alone() -> None:
    answers = crowd(GroupCommit(Desk().double), range(-3, 20))
    assert all(answers[item] == item * 2 for item in range(20))
    assert all(isinstance(answers[item], ValueError) for item in range(-3, 0))


def test_a_group_that_breaks_fails_whole_and_the_next_goes_on() -> None:
    calls = []

    def breaks_once(items: Sequence[int]) -> list[int]:
        calls.append(items)
        if len(calls) == 1:
            raise ConnectionError("the database is away")
        return list(items)

    commit = GroupCommit(breaks_once)
    with pytest.raises(ConnectionError):
        commit.submit(1)
    assert commit.submit(2) == 2


def test_nobody_waits_for_ever_when_the_leader_is_torn_down() -> None:
    entered, proceed = threading.Event(), threading.Event()

    def torn(items: Sequence[int]) -> list[int]:
        if items[0] == 0:
            entered.set()
            proceed.wait(5)
            raise SystemExit
        return list(items)

    commit = GroupCommit(torn)
    answers: list[object] = []

    def lead() -> None:
        try:
            commit.submit(0)
        except (SystemExit, Unavailable) as end:
            answers.append(type(end))

    leader = threading.Thread(target=lead)
    leader.start()
    entered.wait(5)
    follower = threading.Thread(target=lambda: answers.append(commit.submit(1)))
    follower.start()
    proceed.set()
    leader.join(5)
    follower.join(5)
    assert sorted(map(str, answers)) == ["1", "<class 'SystemExit'>"]
