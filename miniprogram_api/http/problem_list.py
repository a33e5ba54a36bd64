"""Every problem that this shop can answer with: for the page /docs/problems and docs/problems.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import getdoc

from miniprogram_api.core.errors import DomainError

from .problems import status_of
from .standard_problems import BY_STATUS


@dataclass(frozen=True, order=True)
class ListedProblem:
    """One kind of problem, as the documentation shows it."""

    status: int
    code: str
    title_zh: str
    title_en: str
    meaning: str


def all_problems() -> list[ListedProblem]:
    """Each code once, by status and code.

    :raises ValueError: two errors share a code and disagree on status or titles.
    """
    listed: dict[str, ListedProblem] = {}
    for kind in _kinds(DomainError):
        problem = _listed(kind)
        known = listed.setdefault(problem.code, problem)
        if _shown(known) != _shown(problem):
            raise ValueError(f"two problems share the code {problem.code}: {kind.__qualname__}")
    for http_problem in BY_STATUS.values():
        listed.setdefault(
            http_problem.code,
            ListedProblem(
                http_problem.status,
                http_problem.code,
                http_problem.title_zh,
                http_problem.title_en,
                http_problem.meaning,
            ),
        )
    return sorted(listed.values())


def _shown(problem: ListedProblem) -> tuple[int, str, str]:
    return problem.status, problem.title_zh, problem.title_en


def markdown() -> str:
    """The text of `docs/problems.md`."""
    lines = [
        "# 错误码 · Problems",
        "",
        "由 `flask problems write` 生成，请勿手改。 Written by `flask problems write`; do not edit.",
        "",
        "| 状态 status | code | 提示 | title | meaning |",
        "|---|---|---|---|---|",
    ]
    for problem in all_problems():
        meaning = problem.meaning.replace("|", "\\|")
        lines.append(
            f'| {problem.status} | <a id="{problem.code}"></a>`{problem.code}`'
            f" | {problem.title_zh} | {problem.title_en} | {meaning} |"
        )
    return "\n".join([*lines, ""])


def _kinds(parent: type[DomainError]) -> Iterator[type[DomainError]]:
    """The errors that name a code of their own, parents before children."""
    for kind in parent.__subclasses__():
        is_ours = not kind.__module__.startswith("tests")
        if is_ours and "code" in vars(kind):
            yield kind
        yield from _kinds(kind)


def _listed(kind: type[DomainError]) -> ListedProblem:
    first_paragraph = (getdoc(kind) or "").partition("\n\n")[0]
    return ListedProblem(
        status_of(kind),
        kind.code,
        kind.title_zh,
        kind.title_en,
        " ".join(first_paragraph.split()),
    )
