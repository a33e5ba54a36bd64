"""The shop's threshold offers: versions by date, read for every bill, ended at once."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db
from points_mall.coupons.terms import Scope
from points_mall.discounts import offer_book
from points_mall.discounts.cli import offers_cli
from points_mall.discounts.demo import OFFERS
from points_mall.discounts.errors import NoSuchOffer, OfferNotAllowed
from points_mall.discounts.models import ThresholdOfferVersion
from points_mall.discounts.offers import ThresholdOffer
from tests.builders import shanghai

NOON = shanghai("2026-11-21 12:00")
TEN_OFF = ThresholdOffer("full100", "满100减10", "¥10 off", ((100_00, 10_00),))
FIVE_OFF = ThresholdOffer("full100", "满100减5", "¥5 off", ((100_00, 5_00),))
LUNCH = ThresholdOffer(
    "lunch",
    "每满30减3",
    "¥3 off each ¥30",
    ((30_00, 3_00),),
    Scope(stores=("north",)),
    repeats=True,
)


@pytest.fixture(autouse=True)
def _at_noon() -> None:
    clock.set(NOON)


def in_force() -> list[str]:
    return [offer.title_zh for offer in offer_book.offers_at(now())]


def test_an_offer_counts_from_its_moment_until_its_end(app: Flask) -> None:
    offer_book.publish(TEN_OFF, NOON + timedelta(hours=1), NOON + timedelta(hours=2), actor="test")
    offer_book.publish(LUNCH, actor="test")
    assert in_force() == ["每满30减3"]
    clock.set(NOON + timedelta(hours=1))
    assert in_force() == ["满100减10", "每满30减3"]
    clock.set(NOON + timedelta(hours=2))
    assert in_force() == ["每满30减3"]
    assert offer_book.offers_at(now()) == (LUNCH,)


def test_a_new_version_takes_the_place_of_the_old_from_its_moment_on(app: Flask) -> None:
    offer_book.publish(TEN_OFF, actor="test")
    told = offer_book.publish(FIVE_OFF, NOON + timedelta(days=1), actor="test")
    assert (told.version, in_force()) == (2, ["满100减10"])
    clock.set(NOON + timedelta(days=1))
    assert in_force() == ["满100减5"]


def test_an_offer_is_ended_whatever_was_planned(app: Flask) -> None:
    offer_book.publish(TEN_OFF, actor="test")
    offer_book.publish(FIVE_OFF, NOON + timedelta(days=1), actor="test")
    offer_book.end("full100", actor="test")
    assert in_force() == []
    clock.set(NOON + timedelta(days=2))
    assert in_force() == []
    offer_book.publish(TEN_OFF, actor="test")
    assert in_force() == ["满100减10"]


def test_what_cannot_be_is_refused_and_nothing_is_written(app: Flask) -> None:
    refusals: list[tuple[Any, ...]] = [
        (TEN_OFF, NOON - timedelta(seconds=1), None),
        (TEN_OFF, None, NOON),
        (TEN_OFF, NOON + timedelta(hours=2), NOON + timedelta(hours=1)),
    ]
    for offer, starts_at, ends_at in refusals:
        with pytest.raises(OfferNotAllowed):
            offer_book.publish(offer, starts_at, ends_at, actor="test")
    with pytest.raises(NoSuchOffer):
        offer_book.end("full100", actor="test")
    assert offer_book.read_all() == ()


def test_versions_are_written_once(app: Flask) -> None:
    offer_book.publish(TEN_OFF, actor="test")
    with pytest.raises(sa.exc.DatabaseError, match="append-only"):
        db.session.execute(sa.delete(ThresholdOfferVersion))
    db.session.rollback()


def test_the_demo_s_offers_can_be_published(app: Flask) -> None:
    for offer in OFFERS:
        offer_book.publish(offer, actor="demo")
    assert offer_book.offers_at(now()) == OFFERS


# ------------------------------------------------------------------ the command


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(offers_cli, arguments)
    return result.exit_code, result.output


def written(path: Path, *offers: dict[str, Any]) -> str:
    file = path / "offers.json"
    file.write_text(json.dumps(list(offers), ensure_ascii=False), encoding="utf-8")
    return str(file)


FILE: dict[str, Any] = {
    "code": "full100",
    "title_zh": "满100减10，满300减40",
    "title_en": "¥10 off from ¥100",
    "levels": [
        {"threshold_fen": 100_00, "off_fen": 10_00},
        {"threshold_fen": 300_00, "off_fen": 40_00},
    ],
    "scope": {"excluded_categories": ["clothing"], "channels": ["till"]},
}


def test_a_file_is_loaded_listed_and_ended(app: Flask, tmp_path: Path) -> None:
    later = {
        **FILE,
        "code": "later",
        "starts_at": "2026-12-01T10:00",
        "ends_at": "2026-12-02T00:00",
    }
    code, output = run(app, "load", written(tmp_path, FILE, later))
    assert (code, "满100减10、满300减40" in output) == (0, True)
    assert in_force() == ["满100减10，满300减40"]
    listed = json.loads(run(app, "list", "--json")[1])
    assert [(one["code"], one["starts_at"]) for one in listed] == [
        ("full100", "2026-11-21T12:00:00+08:00"),
        ("later", "2026-12-01T10:00:00+08:00"),
    ]
    assert listed[0]["terms"]["scope"] == FILE["scope"]
    assert run(app, "end", "full100")[0] == 0
    assert in_force() == []
    assert "已结束" in run(app, "list", "--all")[1]
    assert run(app, "end", "no-such")[0] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"levels": []},
        {"levels": [{"threshold_fen": 100, "off_fen": 101}]},
        {"levels": [FILE["levels"][1], FILE["levels"][0]]},
        {"repeats": True},
        {"code": "a b"},
        {"title_zh": ""},
        {"price": 1},
        {"starts_at": "yesterday"},
        {"starts_at": "2026-11-20T10:00"},
        {"ends_at": "2026-11-21T11:00"},
    ],
)
def test_a_file_with_an_error_changes_nothing(
    app: Flask, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    good = {**FILE, "code": "good"}
    code, output = run(app, "load", written(tmp_path, good, {**FILE, **wrong}))
    assert (code, output.startswith("Error: ")) == (1, True)
    assert offer_book.read_all() == ()


def test_an_offer_named_twice_is_refused(app: Flask, tmp_path: Path) -> None:
    assert run(app, "load", written(tmp_path, FILE, FILE))[0] == 1
    (tmp_path / "not.json").write_text("{", encoding="utf-8")
    assert run(app, "load", str(tmp_path / "not.json"))[0] == 1
    assert offer_book.read_all() == ()
