"""Drafts are kept, and of two people who edit the same the later hears of the earlier."""

import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import db, transaction
from miniprogram_api.merchant.drafts import (
    EditedMeanwhile,
    discard_draft,
    draft_of,
    drafts_of,
    save_draft,
    take_draft,
)
from miniprogram_api.staff.models import StaffAct

MINE, THEIRS = {"title": "mine"}, {"title": "theirs"}


def saved(content: dict[str, str], revision: int = 0) -> int:
    return save_draft("wheel", "wheel:3", content, title=content["title"], revision=revision)


def test_a_draft_is_kept_and_changed_by_who_saw_it(app: Flask) -> None:
    assert saved(MINE) == 1
    assert saved(THEIRS, revision=1) == 2
    held = draft_of("wheel", "wheel:3")
    assert held is not None
    assert (held.content, held.revision, held.title) == (THEIRS, 2, "theirs")
    assert [draft.subject for draft in drafts_of("wheel")] == ["wheel:3"]
    assert drafts_of("reward") == []


class TooLate(Exception):
    """What it was to become cannot be published."""


def publish_in_vain() -> None:
    with transaction():
        take_draft("wheel", "wheel:3", 1)
        raise TooLate


@pytest.mark.parametrize("revision", [0, 2])
def test_who_did_not_see_the_latest_is_refused_and_loses_nothing(app: Flask, revision: int) -> None:
    saved(MINE)
    with pytest.raises(EditedMeanwhile) as refused:
        saved(THEIRS, revision=revision)
    assert refused.value.numbers["revision"] == 1
    held = draft_of("wheel", "wheel:3")
    assert held is not None
    assert held.content == MINE


def test_a_published_draft_is_gone_with_the_transaction_that_published_it(app: Flask) -> None:
    saved(MINE)
    with pytest.raises(TooLate):
        publish_in_vain()
    assert draft_of("wheel", "wheel:3") is not None
    with transaction():
        take_draft("wheel", "wheel:3", 1)
    assert draft_of("wheel", "wheel:3") is None


def test_an_older_draft_than_the_latest_is_neither_published_nor_thrown_away(app: Flask) -> None:
    saved(MINE)
    saved(THEIRS, revision=1)
    with pytest.raises(EditedMeanwhile), transaction():
        take_draft("wheel", "wheel:3", 1)
    with pytest.raises(EditedMeanwhile):
        discard_draft("wheel", "wheel:3", 1)
    assert draft_of("wheel", "wheel:3") is not None


def test_each_act_on_a_draft_is_in_the_audit(app: Flask) -> None:
    saved(MINE)
    saved(THEIRS, revision=1)
    discard_draft("wheel", "wheel:3", 2)
    acts = db.session.scalars(sa.select(StaffAct).order_by(StaffAct.id)).all()
    assert [(act.act, act.before, act.after) for act in acts] == [
        ("wheel.draft", None, MINE),
        ("wheel.draft", MINE, THEIRS),
        ("wheel.discard_draft", None, None),
    ]


def test_of_ten_who_begin_the_same_draft_at_once_one_does(app: Flask) -> None:
    begun: list[int] = []
    refused: list[str] = []

    def begin(number: int) -> None:
        with app.app_context():
            try:
                begun.append(save_draft("wheel", "wheel:3", {"by": number}, title="x"))
            except EditedMeanwhile as error:
                refused.append(error.code)

    people = [threading.Thread(target=begin, args=(number,)) for number in range(10)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert (begun, refused) == ([1], ["edited_meanwhile"] * 9)
