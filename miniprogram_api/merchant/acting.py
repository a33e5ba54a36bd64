"""Acts of a page: carried out and led on from, or the same page again with why not."""

from collections.abc import Callable
from typing import Any

from flask import g, redirect

from miniprogram_api.core.errors import DomainError
from miniprogram_api.http.problems import status_of

from .forms import Form, FormRefused, posted

ASKED = "asked"
"""Which dialog of a page asked for the act, so that a refusal opens it again."""


def carried_out(
    act: Callable[[Form], object], *, then: str, again: Callable[[Form], str], told: str = "done"
) -> Any:
    """Do what a form asks for; what it is refused stands in the form when the page is shown again.

    :param act: given what was typed.
    :param then: the page to lead on to.
    :param again: draws the page that the form stands on.
    """
    form = posted()
    try:
        act(form)
    except FormRefused as refused:
        return again(refused.form), 422
    except DomainError as refusal:
        g.problem_code = refusal.code
        return again(form.refused(refusal).form), status_of(type(refusal))
    return redirect(f"{then}{'&' if '?' in then else '?'}told={told}", 303)
