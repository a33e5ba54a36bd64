from typing import Any

import pytest

import app as shop  # it imports every feature, and with it every error
from miniprogram_api.core import errors
from miniprogram_api.core.redis import RedisAway
from miniprogram_api.http.problem_list import all_problems, markdown
from miniprogram_api.http.problems import status_of


def test_each_kind_of_error_has_its_status() -> None:
    kinds: dict[Any, int] = {
        errors.BadRequest: 400,
        errors.Unauthorized: 401,
        errors.Forbidden: 403,
        errors.NotFound: 404,
        errors.Conflict: 409,
        errors.Gone: 410,
        errors.Unprocessable: 422,
        errors.SlowDown: 429,
        errors.Unavailable: 503,
        RedisAway: 503,
    }
    assert {kind: status_of(kind) for kind in kinds} == kinds


def test_the_list_has_each_code_once_with_both_titles() -> None:
    assert shop.PARTS
    problems = all_problems()
    codes = [problem.code for problem in problems]
    assert len(codes) == len(set(codes))
    assert {"malformed_json", "method_not_allowed", "try_later", "token_expired"} <= set(codes)
    assert [p.code for p in problems if not (p.title_zh and p.title_en and p.meaning)] == []
    assert [p.code for p in problems if p.title_zh.isascii()] == []


def test_the_written_list_is_true(request: pytest.FixtureRequest) -> None:
    written = (request.config.rootpath / "docs" / "problems.md").read_text(encoding="utf-8")
    assert written == markdown(), "run `flask problems write`"
