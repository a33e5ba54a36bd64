"""What WeChat's answers mean, without a wire."""

from typing import Any

import pytest

from miniprogram_api.wechat import answers, errors
from miniprogram_api.wechat.answers import PhoneNumber, phone_of, refusal, session_of

APPID = "wx1"


def phone_answer(**changed: Any) -> dict[str, Any]:
    info: dict[str, Any] = {
        "purePhoneNumber": "13800000000",
        "countryCode": "86",
        "watermark": {"appid": APPID, "timestamp": 1},
    }
    return {"phone_info": info | changed}


@pytest.mark.parametrize(
    ("path", "errcode", "kind"),
    [
        ("/any", -1, errors.WeChatUnavailable),
        ("/any", 40001, errors.TokenRefused),
        ("/any", 40014, errors.TokenRefused),
        ("/any", 42001, errors.TokenRefused),
        (answers.STABLE_TOKEN, 40001, errors.WeChatMisconfigured),
        (answers.STABLE_TOKEN, 40164, errors.WeChatMisconfigured),
        (answers.STABLE_TOKEN, 45009, errors.WeChatUnavailable),
        ("/any", 48001, errors.WeChatMisconfigured),
        ("/any", 45009, errors.TooManyCalls),
        ("/any", 45011, errors.TooManyCalls),
        (answers.LOGIN, 45011, errors.TooManyLogins),
        (answers.LOGIN, 40226, errors.WeChatBlocked),
        ("/any", 40226, errors.WeChatRefused),
        (answers.LOGIN, 40163, errors.LoginCodeInvalid),
        (answers.PHONE_NUMBER, 40029, errors.PhoneCodeInvalid),
        ("/any", 43101, errors.MessageRefused),
        ("/any", 47003, errors.WeChatRefused),
        ("/any", 99999, errors.WeChatRefused),
    ],
)
def test_an_errcode_by_its_path(path: str, errcode: int, kind: type[errors.WeChatError]) -> None:
    met = refusal(path, errcode, "some words rid: 6512-ab-cd")
    assert type(met) is kind
    assert (met.errcode, met.rid, str(met)) == (
        errcode,
        "6512-ab-cd",
        f"WeChat {errcode}: some words",
    )


@pytest.mark.parametrize("kind", [errors.Retryable, errors.UserAction, errors.Final])
def test_every_error_is_of_one_group(kind: type[errors.WeChatError]) -> None:
    groups = {errors.Retryable, errors.UserAction, errors.Final}
    for met in (refusal(answers.LOGIN, code, "") for code in (-1, 40029, 40226, 45011, 1)):
        assert sum(isinstance(met, group) for group in groups) == 1
    assert issubclass(kind, errors.WeChatError)


def test_a_phone_number() -> None:
    assert phone_of(phone_answer(), APPID) == PhoneNumber("13800000000", "86")
    assert phone_of(phone_answer(countryCode=852), APPID) == PhoneNumber("13800000000", "852")


def test_a_phone_number_given_to_another_program_is_refused() -> None:
    with pytest.raises(errors.PhoneCodeInvalid):
        phone_of(phone_answer(watermark={"appid": "wx2"}), APPID)


@pytest.mark.parametrize(
    "changed",
    [
        {"purePhoneNumber": 13800000000},
        {"purePhoneNumber": "138-0000"},
        {"purePhoneNumber": ""},
        {"purePhoneNumber": "１３８００００００００"},
        {"countryCode": True},
        {"countryCode": None},
        {"watermark": "wx1"},
    ],
)
def test_an_odd_phone_number_is_nonsense(changed: dict[str, Any]) -> None:
    with pytest.raises(errors.WeChatNonsense):
        phone_of(phone_answer(**changed), APPID)


@pytest.mark.parametrize("openid", [None, "", 5, "a\nb", "x" * 129, ["a"]])
def test_an_odd_openid_is_nonsense(openid: object) -> None:
    with pytest.raises(errors.WeChatNonsense):
        session_of({"openid": openid, "errcode": 0})


@pytest.mark.parametrize("rank", [-1, 5, True, "0", None])
def test_an_odd_rank_is_nonsense(rank: object) -> None:
    with pytest.raises(errors.WeChatNonsense):
        answers.rank_of({"risk_rank": rank})


@pytest.mark.parametrize("result", [None, "pass", {"suggest": ["pass"]}, {"suggest": "fine"}])
def test_an_odd_verdict_is_nonsense(result: object) -> None:
    with pytest.raises(errors.WeChatNonsense):
        answers.verdict_of({"result": result})


@pytest.mark.parametrize("body", [b"1" * 5000, b"[" * 100_000, b'{"errcode": 1.5}', b"null", b""])
def test_an_odd_body_is_nonsense(body: bytes) -> None:
    with pytest.raises(errors.WeChatNonsense) as met:
        answers.decoded(body)
    assert met.value.__context__ is None
