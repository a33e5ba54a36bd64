"""Of two who edit the same the later is refused, and the fields are called what people call them."""

import pytest
from flask import Flask

from miniprogram_api.merchant import editing
from miniprogram_api.merchant.drafts import EditedMeanwhile, draft_of
from miniprogram_api.merchant.editing import Difference, Running, Sheet
from miniprogram_api.merchant.forms import Form

WORDS = {"prizes": ("奖品", "Prize"), "weight": ("权重", "weight")}
RUNS = Running(Form({"title": "runs"}), "7", "staff:li")


def sheet(title: str, base: str = "7", revision: int = 0) -> Sheet:
    return Sheet("wheel", "wheel:3", Form({"title": title}), base, revision)


def test_an_editor_shows_what_runs_until_there_is_a_draft(app: Flask) -> None:
    first = editing.open_sheet("wheel", "wheel:3", RUNS)
    assert (first.form.values, first.base, first.revision) == ({"title": "runs"}, "7", 0)
    editing.keep(sheet("mine"), RUNS, "wheel")
    then = editing.open_sheet("wheel", "wheel:3", RUNS)
    assert (then.form.values, then.base, then.revision) == ({"title": "mine"}, "7", 1)


def test_a_sheet_begun_from_what_no_longer_runs_is_not_kept(app: Flask) -> None:
    with pytest.raises(EditedMeanwhile) as refused:
        editing.keep(sheet("mine", base="6"), RUNS, "wheel")
    assert refused.value.numbers["edited_by"] == "staff:li"
    assert draft_of("wheel", "wheel:3") is None


def test_a_draft_that_was_chosen_over_what_runs_is_begun_from_it(app: Flask) -> None:
    editing.keep(sheet("mine"), RUNS, "wheel")
    runs_now = Running(Form(), "8")
    editing.keep(sheet("mine", base="8", revision=1), runs_now, "wheel")
    assert editing.open_sheet("wheel", "wheel:3", runs_now).base == "8"


def test_differences_are_told_by_what_people_call_the_fields() -> None:
    before = Form({"prizes-0-weight": "1", "prizes-1-weight": "2", "code": "a"})
    after = Form({"prizes-0-weight": "1", "prizes-1-weight": "3", "notes": "new"})
    assert editing.differences(before, after, WORDS) == [
        Difference("奖品 2 · 权重", "2", "3"),
        Difference("code", "a", ""),
        Difference("notes", "", "new"),
    ]


def test_a_fingerprint_changes_with_what_it_is_of() -> None:
    one, same, other = (editing.fingerprint(of) for of in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {}))
    assert one == same != other
    assert len(one) == 16
