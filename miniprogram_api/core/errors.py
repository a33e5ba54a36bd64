"""What can go wrong, in the shop's own words; `http.problems` says it in HTTP.

Every refusal is a class: its `code` is stable API, its titles are toasts in the shopper's language,
and the numbers that a program needs travel beside the sentence for people.
"""

from typing import ClassVar


class DomainError(Exception):
    """A rule of the shop said no.

    :param detail: one sentence for people, with the numbers in it.
    :param numbers: the same facts for programs; they become members of the problem.
    """

    code: ClassVar[str] = "domain_error"
    title_zh: ClassVar[str] = "操作未完成"
    title_en: ClassVar[str] = "The request could not be carried out"

    def __init__(self, detail: str = "", /, **numbers: object) -> None:
        super().__init__(detail)
        self.numbers = numbers


class BadRequest(DomainError):
    """The request itself cannot be understood."""


class Unauthorized(DomainError):
    """Nobody, or nobody we believe, is asking."""


class Forbidden(DomainError):
    """The caller is known and may not."""


class NotFound(DomainError):
    """There is no such thing, or it is not the caller's."""

    code = "not_found"
    title_zh = "内容不存在"
    title_en = "Not found"


class Conflict(DomainError):
    """The state of the shop does not allow it now."""


class Gone(DomainError):
    """It was there once and is over."""


class Unprocessable(DomainError):
    """The request is well formed, but a value in it breaks a rule."""


class Waitable(DomainError):
    """Waiting helps.

    :param retry_after_seconds: when a repeat has a chance; told in `Retry-After`.
    """

    def __init__(
        self, detail: str = "", /, *, retry_after_seconds: int = 1, **numbers: object
    ) -> None:
        super().__init__(detail, **numbers)
        self.retry_after_seconds = max(1, retry_after_seconds)


class SlowDown(Waitable):
    """The caller asks faster than allowed."""

    code = "slow_down"
    title_zh = "操作太快了，请稍后再试"
    title_en = "Too many requests, slow down"


class Unavailable(Waitable):
    """Something we need is away; nothing moved."""

    code = "try_later"
    title_zh = "系统繁忙，请稍后再试"
    title_en = "Busy right now, try again shortly"
