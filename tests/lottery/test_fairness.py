"""A draw's number: known answers, an exact proof of fairness, and a million draws."""

import struct
from collections import Counter
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lottery import fairness
from lottery.arithmetic import simulate
from lottery.odds import Slot, ladder
from tests.campaign import property_settings

from .chi_square import chi_square, lies_in_the_band
from .vectors import COMMITMENT, SEED, VECTORS, Vector

DRAWS = 1_000_000
ANOTHER_SEED = bytes.fromhex("8f3c" * 16)


# ------------------------------------------------------------------ known answers


def test_a_seed_is_promised_by_its_sha256() -> None:
    assert fairness.ALGORITHM == "HMAC-SHA256/rejection/v1"
    assert fairness.commitment(SEED) == COMMITMENT


@pytest.mark.parametrize("known", VECTORS)
def test_a_draw_has_its_known_number(known: Vector) -> None:
    text = fairness.message(*known[:5])
    assert text == known.message
    assert fairness.digest(SEED, text).hex() == known.digest_hex
    assert fairness.number(SEED, text, known.total) == known.number


def test_the_row_goes_on_after_the_digest() -> None:
    one, two = (fairness.digest(SEED, text) for text in ("7.3:m:1:n", "7.3:m:1:n:1"))
    expected = struct.unpack(">8Q", one + two)
    assert tuple(islice(fairness.words(SEED, "7.3:m:1:n"), 8)) == expected


def test_seeds_are_long_and_never_the_same() -> None:
    seeds = {fairness.new_seed() for _ in range(100)}
    assert len(seeds) == 100
    assert {len(seed) for seed in seeds} == {32}


@pytest.mark.parametrize("change", [{"version": 4}, {"wheel_id": 8}, {"draw_index": 2}])
def test_every_fact_of_a_draw_moves_its_number(change: dict[str, int]) -> None:
    facts = {"wheel_id": 7, "version": 3, "draw_index": 1} | change
    text = fairness.message(
        facts["wheel_id"], facts["version"], "3f2a9c51d0b84e67", facts["draw_index"], "lucky-88"
    )
    assert fairness.number(SEED, text, 10**9) != fairness.number(SEED, VECTORS[0].message, 10**9)


def test_a_reference_that_could_be_read_in_two_ways_is_refused() -> None:
    with pytest.raises(ValueError, match="no colon"):
        fairness.message(7, 3, "member:1", 1, "lucky-88")


@pytest.mark.parametrize("total", [0, -1, 2**64 + 1])
def test_a_total_beyond_a_word_is_refused(total: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 2"):
        fairness.number(SEED, "7.3:m:1:n", total)


def test_a_row_that_ends_before_a_fair_number_is_refused() -> None:
    with pytest.raises(ValueError, match="no number of the row"):
        fairness.reduce([2**64 - 1], 10)


# ------------------------------------------------------------------ an exact proof, and its use


def test_every_residue_has_equally_many_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """With words of 8 bits all can be walked: for every total, each residue has the same share."""
    monkeypatch.setattr(fairness, "WORD", 256)
    for total in range(1, 257):
        accepted: Counter[int] = Counter()
        for word in range(256):
            with suppress(ValueError):  # a rejected word, and no other follows it
                accepted[fairness.reduce([word], total)] += 1
        assert accepted == Counter(dict.fromkeys(range(total), 256 // total))


@property_settings(200)
@given(st.integers(1, 2**64), st.lists(st.integers(0, 2**64 - 1), min_size=1))
def test_a_reduced_word_is_below_the_last_whole_multiple(total: int, row: list[int]) -> None:
    fair = [word for word in row if word < 2**64 // total * total]
    if fair:
        assert fairness.reduce(row, total) == fair[0] % total
    else:
        with pytest.raises(ValueError, match="no number of the row"):
            fairness.reduce(row, total)


def biased(seed: bytes, message: str, total: int) -> int:
    """What is often written: the first word modulo the total."""
    return next(fairness.words(seed, message)) % total


def test_the_bias_of_a_bare_modulo_is_caught() -> None:
    """Of a total of 1.5 x 2^63, a bare modulo gives the first third twice as often."""
    total = 3 * 2**62
    thirds = dict.fromkeys(range(3), 1)
    texts = [fairness.message(1, 1, "bias", index, "") for index in range(3_000)]
    fair = Counter(fairness.number(SEED, text, total) // 2**62 for text in texts)
    bare = Counter(biased(SEED, text, total) // 2**62 for text in texts)
    assert lies_in_the_band(fair, thirds)
    assert not lies_in_the_band(bare, thirds)
    assert bare[0] > 1.8 * bare[1]


# ------------------------------------------------------------------ a million draws

FOUR = {1: 1, 2: 100, 3: 1_000, 4: 8_899}
"""0.01 %, 1 %, 10 %, and nothing."""
ODD_WHEELS = [
    {1: 1, 2: 2, 3: 4},
    {1: 1, 2: 10, 3: 100, 4: 886},
    {1: 100, 2: 10_000, 3: 100_000, 4: 889_903},
]


@pytest.mark.slow
def test_a_million_draws_follow_the_published_odds() -> None:
    counts = simulate([Slot(*slot) for slot in FOUR.items()], DRAWS, SEED)
    assert sum(counts.values()) == DRAWS
    assert lies_in_the_band(counts, FOUR), (counts, chi_square(counts, FOUR))


@pytest.mark.slow
def test_a_million_draws_of_odd_totals_follow_their_odds() -> None:
    """One pass: each draw's digest is reduced for three totals, which all see the same words."""
    residues = {total: [0] * total for total in (7, 997, 1_000_003)}
    for index in range(DRAWS):
        text = fairness.message(9, 1, "odd-totals", index, "")
        row = struct.unpack(">4Q", fairness.digest(ANOTHER_SEED, text))
        for total, counts in residues.items():
            counts[fairness.reduce(row, total)] += 1
    for total in (7, 997):
        each = dict(enumerate(residues[total]))
        assert lies_in_the_band(each, dict.fromkeys(range(total), 1))
    for weights in ODD_WHEELS:
        wins = won(weights, residues[sum(weights.values())])
        assert lies_in_the_band(wins, weights), (wins, chi_square(wins, weights))


def won(weights: dict[int, int], residues: list[int]) -> dict[int, int]:
    """How often each position came up, each residue having come up so many times."""
    ends, positions = ladder(Slot(*slot) for slot in weights.items())
    starts = [0, *ends]
    return {
        position: sum(residues[starts[place] : ends[place]])
        for place, position in enumerate(positions)
    }


def test_odds_that_are_a_tenth_off_leave_the_band() -> None:
    """The yardstick can say no: 11 % drawn where 10 % were published."""
    drawn = [Slot(1, 1), Slot(2, 100), Slot(3, 1_100), Slot(4, 8_799)]
    assert not lies_in_the_band(simulate(drawn, 30_000, SEED), FOUR)


def test_nothing_but_the_seed_decides() -> None:
    """The module has no other source of chance, and no state: it can be read in one sitting."""
    source = Path(fairness.__file__).read_text(encoding="utf-8")
    imports = [line for line in source.splitlines() if line.startswith(("import", "from"))]
    assert imports == [
        "import hashlib",
        "import hmac",
        "import secrets",
        "import struct",
        "from collections.abc import Iterable, Iterator",
    ]
