"""The weighing: which signs decide alone, and which only add up."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.risk.rules import Judgement, Limits, Signals, Verdict, judge
from tests.campaign import property_settings

LIMITS = Limits(5, 500, 5, timedelta(hours=24))
GROWN = timedelta(days=30)


def judged(**known: object) -> tuple[str, tuple[str, ...]]:
    signals = Signals(**{"account_age": GROWN, **known})  # type: ignore[arg-type]
    answer = judge(signals, LIMITS)
    return answer.verdict.value, answer.reasons


def test_of_whom_nothing_is_known_nothing_is_held_against() -> None:
    assert judged() == ("allow", ())


@pytest.mark.parametrize(
    ("known", "verdict", "reasons"),
    [
        ({"rank": 0}, "allow", ()),
        ({"rank": 1}, "challenge", ("wechat_rank_1",)),
        ({"rank": 2}, "challenge", ("wechat_rank_2",)),
        ({"rank": 3}, "quiet", ("wechat_rank_3",)),
        ({"rank": 4}, "deny", ("wechat_rank_4",)),
        ({"members_per_device": 5}, "allow", ()),
        ({"members_per_device": 6}, "deny", ("members_per_device",)),
        ({"friends_per_inviter": 5}, "allow", ()),
        ({"friends_per_inviter": 6}, "quiet", ("friends_per_inviter",)),
        ({"blocked": ("address", "device")}, "deny", ("address_blocked", "device_blocked")),
        ({"blocked": ("member",), "rank": 3}, "deny", ("member_blocked", "wechat_rank_3")),
    ],
)
def test_a_strong_sign_decides(
    known: dict[str, object], verdict: str, reasons: tuple[str, ...]
) -> None:
    assert judged(**known) == (verdict, reasons)


def test_a_crowded_address_is_no_reason_by_itself() -> None:
    assert judged(members_per_address=100_000) == ("allow", ("members_per_address",))


def test_weak_signs_add_up_but_never_deny() -> None:
    young = timedelta(0)
    assert judged(account_age=young) == ("allow", ("young_account",))
    assert judged(account_age=young, rank=None)[0] == "challenge"
    assert judged(account_age=young, rank=None, members_per_address=501)[0] == "quiet"
    assert judged(
        account_age=young, rank=None, members_per_address=501, members_per_device=None
    ) == (
        "quiet",
        ("members_per_address", "not_counted", "wechat_rank_unknown", "young_account"),
    )


def test_a_limit_of_zero_never_counts() -> None:
    none = Limits(0, 0, 0, timedelta(0))
    crowd = Signals(members_per_device=99, members_per_address=999, friends_per_inviter=99)
    assert judge(crowd, none) == Judgement(Verdict.ALLOW, ())


figures = st.none() | st.integers(0, 1000)
signals = st.builds(
    Signals,
    rank=st.none() | st.integers(0, 4),
    account_age=st.timedeltas(timedelta(0), timedelta(days=90)),
    members_per_device=figures,
    members_per_address=figures,
    friends_per_inviter=figures,
    blocked=st.lists(st.sampled_from(["member", "address", "device"]), unique=True).map(tuple),
)


@property_settings(200)
@given(signals)
def test_whoever_is_not_allowed_hears_a_reason_and_a_block_always_denies(known: Signals) -> None:
    answer = judge(known, LIMITS)
    assert answer.verdict is Verdict.ALLOW or answer.reasons
    if known.blocked:
        assert answer.verdict is Verdict.DENY
    assert answer.reasons == tuple(sorted(answer.reasons))
