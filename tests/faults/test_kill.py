"""Processes of a crowd are killed, at random moments and at the worst ones, and replaced."""

import random
import time
from collections import Counter
from dataclasses import replace

import pytest

from tests.campaign import SEED, report, times
from tests.crowds.crowd import Crowd, judge
from tests.crowds.history import History
from tests.crowds.shopper import Errand

PROCESSES = 4
KILLS = 12
SECONDS = 60
NEVER_DONE = 10**6
AT_THE_WORST_MOMENTS = {"before_commit": 0.04, "after_commit": 0.04}


@pytest.mark.slow
@pytest.mark.timeout(times(400))
def test_whoever_is_killed_loses_nothing_that_was_acknowledged(errand: Errand) -> None:
    sent = replace(
        errand, processes=list(range(1, PROCESSES + 1)), calls=NEVER_DONE, dies=AT_THE_WORST_MOMENTS
    )
    history = History(errand.history)
    crowd = Crowd.start(sent)
    try:
        killed_in = _kill_at_random(crowd, history, random.Random(SEED))
    finally:
        crowd.end()
    judge(history)
    crowd = Crowd.start(replace(sent, calls=0, dies={}))  # they only ask again what was left open
    assert crowd.wait(SECONDS) == [0] * PROCESSES
    counts = judge(history)
    worst = {moment: counts[f"dies {moment}"] for moment in AT_THE_WORST_MOMENTS}
    report(f"killed in {dict(killed_in)}, by themselves {worst}; {counts['done']} calls answered")
    assert killed_in.total() >= times(KILLS)
    assert killed_in["opened"] + killed_in["posted"] > 0, "no kill hit a transaction"
    assert min(worst.values()) > 0, "nobody died there"
    assert counts["done"] == counts["begun"], "somebody was never answered"


def _kill_at_random(crowd: Crowd, history: History, chance: random.Random) -> Counter[str]:
    """Kill and replace until it is enough; what the killed had written down last."""
    killed_in: Counter[str] = Counter()
    deadline = time.monotonic() + times(SECONDS)
    while not _is_enough(killed_in, history):
        assert time.monotonic() < deadline, f"only {killed_in}"
        time.sleep(chance.uniform(0.05, 0.5))
        crowd.replace_the_dead()
        latest = crowd.latest()
        working = [number for number, fact in latest.items() if fact.what != "sent"]
        if working and killed_in.total() < times(KILLS):
            number = chance.choice(working)
            crowd.kill(number)
            killed_in[crowd.latest()[number].what] += 1
            crowd.send(number)
    return killed_in


def _is_enough(killed_in: Counter[str], history: History) -> bool:
    if killed_in.total() < times(KILLS):
        return False
    facts = {fact.what for fact in history.read()}
    return all(f"dies {moment}" in facts for moment in AT_THE_WORST_MOMENTS)
