"""Forms keep what was typed, mean what the schema knows, and tell what is wrong where it is."""

from typing import Any

import pytest
from flask import Flask
from marshmallow import fields, validate

from miniprogram_api.core.errors import Conflict
from miniprogram_api.http.schemas import Integer, Schema, Text, YesNo
from miniprogram_api.merchant.forms import (
    Form,
    FormRefused,
    ReasonMissing,
    number_sent,
    posted,
    reason_sent,
)


class PrizeSchema(Schema):
    name = Text(8, required=True)
    weight = Integer(1, 100, required=True)


class LimitsSchema(Schema):
    a_day = Integer(0, 9)


class WheelSchema(Schema):
    title = Text(20, required=True)
    is_open = YesNo()
    days = fields.List(Integer(1, 7))
    limits = fields.Nested(LimitsSchema)
    prizes = fields.List(fields.Nested(PrizeSchema), required=True, validate=validate.Length(1))


TYPED = {
    "title": "双十二",
    "is_open": "true",
    "days": "1, 3",
    "limits-a_day": "2",
    "prizes-0-name": "券",
    "prizes-0-weight": "10",
    "prizes-7-name": "空",
    "prizes-7-weight": "90",
    "note": "",
}
MEANT = {
    "title": "双十二",
    "is_open": True,
    "days": [1, 3],
    "limits": {"a_day": 2},
    "prizes": [{"name": "券", "weight": 10}, {"name": "空", "weight": 90}],
}


class TooLate(Conflict):
    code = "too_late_for_the_test"
    title_zh = "太晚了"
    title_en = "Too late"


def test_flat_fields_become_what_the_schema_knows() -> None:
    assert Form(dict(TYPED)).load(WheelSchema()) == MEANT


def test_what_a_schema_dumped_fills_the_form_and_reads_the_same_again() -> None:
    form = Form.of(MEANT)
    assert form.value("prizes-1-weight") == "90"
    assert form.is_on("is_open")
    assert form.rows("prizes") == [0, 1]
    assert form.load(WheelSchema()) == MEANT


def test_rows_keep_the_numbers_under_which_they_were_typed() -> None:
    assert Form(dict(TYPED)).rows("prizes") == [0, 7]
    assert Form({}).rows("prizes", at_least=2) == [0, 1]


@pytest.mark.parametrize(
    ("changed", "field", "told"),
    [
        ({"title": ""}, "title", "请填写"),
        ({"title": "长" * 21}, "title", "最长 20 字"),
        ({"limits-a_day": "10"}, "limits-a_day", "须在 0 到 9 之间"),
        ({"limits-a_day": "-1"}, "limits-a_day", "须在 0 到 9 之间"),
        ({"limits-a_day": "two"}, "limits-a_day", "请填整数"),
        ({"prizes-0-weight": "0"}, "prizes-0-weight", "须在 1 到 100 之间"),
        ({"prizes-0-weight": "9" * 30}, "prizes-0-weight", "请填整数"),
        ({"unheard": "of"}, "unheard", "不认识的字段"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_everything_typed_is_kept(
    changed: dict[str, str], field: str, told: str
) -> None:
    form = Form(TYPED | changed)
    with pytest.raises(FormRefused) as refused:
        form.load(WheelSchema())
    assert told in refused.value.form.error(field)
    assert refused.value.form.values == TYPED | changed


def test_a_refusal_of_the_house_stands_over_the_form(app_of_forms: Flask) -> None:
    form = Form(dict(TYPED))
    with app_of_forms.test_request_context():
        told = form.refused(TooLate("the wheel was closed")).form.error("")
    assert told == "太晚了（the wheel was closed）"


@pytest.mark.parametrize("name", ["prizes", "prizes-0", "prizes-0-name-more", "title-0"])
def test_a_name_that_contradicts_another_means_nothing(name: str) -> None:
    assert Form(TYPED | {name: "x"}).load(WheelSchema()) == MEANT


@pytest.mark.parametrize("name", ["-", "--", "0-0-0"])
def test_a_name_that_is_none_of_the_forms_is_refused(name: str) -> None:
    form = Form(TYPED | {name: "x"})
    with pytest.raises(FormRefused):
        form.load(WheelSchema())


def test_a_posted_form_is_trimmed_and_carries_no_proof(app_of_forms: Flask) -> None:
    sent: dict[str, Any] = {"title": "  双十二 ", "csrf_token": "x", "revision": "3"}
    with app_of_forms.test_request_context(method="POST", data=sent):
        assert posted("revision").values == {"title": "双十二"}
        assert number_sent("revision") == 3
        assert number_sent("missing", 7) == 7
        with pytest.raises(ReasonMissing):
            reason_sent()


@pytest.fixture
def app_of_forms() -> Flask:
    return Flask(__name__)


def test_boxes_of_one_name_are_read_together(app: Flask) -> None:
    boxes = {**TYPED, "days": ["1", "", " 3"], "prizes-7-name": ["空", ""]}
    with app.test_request_context(method="POST", data=boxes):
        form = posted()
    assert form.value("days") == "1,3"
    assert form.load(WheelSchema()) == MEANT
