"""After there is an owner: the first rules, the lights, the settings."""

import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from checkin import rule_book as checkin_rules
from miniprogram_api import doctor
from miniprogram_api.core.db import db
from miniprogram_api.core.settings import Settings
from miniprogram_api.doctor import Light, Words
from miniprogram_api.setup import checks, config_file
from miniprogram_api.setup.setting_words import MEANINGS, UNITS
from miniprogram_api.setup.steps import step_of, steps
from points_mall.earning import rule_book as earning_rules
from points_mall.tiers import publishing as ladders
from tests.office import Clerk, acts_count, acts_of

from .conftest import errors_in

EARNING: dict[str, Any] = {"per_yuan": "2", "points": "3", "day_points": "1000"}


@pytest.fixture
def wang(app: Flask) -> Clerk:
    return Clerk(app, "owner")


def usual(code: str) -> dict[str, Any]:
    """The numbers that stand there."""
    return {blank.name: blank.default for blank in step_of(code).blanks}


def test_the_features_bring_their_first_rules_in_order(app: Flask) -> None:
    assert [step.code for step in steps()] == ["earning", "checkin", "tiers"]


@pytest.mark.parametrize("code", ["earning", "checkin", "tiers"])
def test_the_usual_numbers_can_be_published_as_they_are_and_once(wang: Clerk, code: str) -> None:
    assert wang.get(f"/admin/setup/{code}").status_code == 200
    done = wang.post(f"/admin/setup/{code}", **usual(code))
    assert (done.status_code, done.headers.get("Location")) == (303, "/admin/setup?told=published")
    assert step_of(code).is_done()
    (act,) = acts_of("setup.first_rule")
    assert act[:2] == ("staff:the-owner", f"rule:{code}")

    again = wang.post(f"/admin/setup/{code}", **usual(code))
    assert again.status_code == 409
    assert len(acts_of("setup.first_rule")) == 1


def test_the_earning_rule_says_what_was_typed(wang: Clerk) -> None:
    wang.post("/admin/setup/earning", **EARNING)
    (rule,) = earning_rules.versions(db.session())
    assert rule.terms["rate"] == {"points": 3, "per_fen": 200}
    assert rule.terms["caps"]["day"] == {"points": 1000, "then": "cap"}
    assert rule.actor == "staff:the-owner"


def test_the_check_in_rule_says_what_was_typed(wang: Clerk) -> None:
    wang.post("/admin/setup/checkin", **{**usual("checkin"), "day_7": "77", "bonus": "0"})
    rule = checkin_rules.versions(db.session())[0]
    assert rule.terms["daily"][6] == [{"kind": "points", "amount": 77}]
    assert rule.terms["streaks"] == []


def test_the_ladder_says_what_was_typed(wang: Clerk) -> None:
    wang.post(
        "/admin/setup/tiers", **{**usual("tiers"), "gold_entry": "2500", "gold_times": "1.25"}
    )
    (ladder,) = ladders.all_versions()
    gold = ladder.terms["tiers"][1]
    assert (gold["entry"], gold["keep"]) == (2_500_00, 2_000_00)
    assert gold["benefits"]["points_multiplier_bp"] == 12_500
    assert gold["benefits"]["birthday_gift"] == ""


@pytest.mark.parametrize(
    ("code", "name", "value", "told"),
    [
        ("earning", "points", "0", "须在 1 到 10000 之间"),
        ("earning", "points", "10001", "须在 1 到 10000 之间"),
        ("earning", "points", "many", "请填整数"),
        ("earning", "per_yuan", "", "请填写"),
        ("checkin", "day_1", "-1", "须在 1 到 100000 之间"),
        ("tiers", "gold_discount", "100", "须在 0 到 99.99 之间"),
        ("tiers", "gold_times", "0.5", "须在 1 到 10 之间"),
    ],
)
def test_a_number_that_cannot_be_is_told_at_its_field(
    wang: Clerk, code: str, name: str, value: str, told: str
) -> None:
    before = acts_count()
    answer = wang.post(f"/admin/setup/{code}", **{**usual(code), name: value})
    assert answer.status_code == 422
    assert errors_in(answer.text) == [told]
    assert f'value="{value}"' in answer.text
    assert not step_of(code).is_done()
    assert acts_count() == before


def test_steps_of_a_ladder_that_do_not_rise_are_refused_as_a_whole(wang: Clerk) -> None:
    answer = wang.post("/admin/setup/tiers", **{**usual("tiers"), "gold_entry": "10000"})
    assert answer.status_code == 422
    assert ladders.all_versions() == []


def test_what_is_written_and_not_in_force_is_named(wang: Clerk, app: Flask) -> None:
    config_file.write(Path(app.instance_path), {"SHOP_NAME": "乐购"})
    for page in ("/admin/setup", "/admin/doctor", "/admin/settings"):
        assert "SHOP_NAME</div>" in wang.get(page).text


def test_the_lights_are_asked_one_by_one(wang: Clerk) -> None:
    for number, name in enumerate(doctor.names()):
        answer = wang.get(f"/admin/doctor/{number}")
        assert answer.status_code == 200
        assert name.split(" · ")[0] in answer.text
    assert wang.get(f"/admin/doctor/{len(doctor.names())}").status_code == 404


def test_a_red_light_comes_with_its_remedy_in_the_readers_language(wang: Clerk) -> None:
    number = doctor.names().index("微信 · WeChat")
    zh, en = (wang.get(f"/admin/doctor/{number}?lang={lang}").text for lang in ("zh", "en"))
    assert 'data-light="red"' in zh
    assert "写入 instance/config.py 或环境变量后重启" in zh
    assert "take both from the mini-program" in en


def test_a_check_that_hangs_is_not_waited_for(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()

    def hang() -> Words:
        hanging.wait(10)
        return Words("", "")

    monkeypatch.setitem(doctor._checks, "挂起 · hanging", hang)
    found = checks.examined("挂起 · hanging", 0.05)
    hanging.set()
    assert (found.light, found.finding.en) == (Light.RED, "no answer within 0 s")


def test_every_setting_is_shown_with_its_meaning_and_no_secret(wang: Clerk) -> None:
    page = wang.get("/admin/settings").text
    for name in Settings.__dataclass_fields__:
        assert f"<code>{name.upper()}</code>" in page
    for secret in (
        "a signing key that only the tests know, 1",
        "VGVzdHNUZXN0c1Rlc3Rz",
        "sqlite:////",
    ):
        assert secret not in page
    assert "已设置" in page


def test_settings_are_found_by_word_and_origin(
    wang: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = wang.get("/admin/settings?q=appsecret").text
    assert "<code>WX_SECRET</code>" in found
    assert "<code>SHOP_NAME</code>" not in found
    monkeypatch.setenv("LOG_FORMAT", "json")
    found = wang.get("/admin/settings?origin=environment").text
    assert "<code>LOG_FORMAT</code>" in found
    assert "<code>SHOP_NAME</code>" not in found


def test_every_setting_and_unit_has_chinese_words() -> None:
    known = Settings.__dataclass_fields__
    assert set(MEANINGS) == set(known)
    units = {field.metadata["unit"] for field in known.values()} - {""}
    assert set(UNITS) >= units
