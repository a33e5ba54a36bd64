"""The welcome page, and the doors that it shows."""

from dataclasses import dataclass

from flask import Flask, current_app, render_template

from miniprogram_api.auth.guards import public

from .shell import blp


@dataclass(frozen=True)
class Link:
    """A door that the welcome page shows."""

    href: str
    title_zh: str
    title_en: str
    about_zh: str
    about_en: str


def init_welcome(app: Flask) -> None:
    """Give an application a page without doors; the composition root adds them."""
    app.extensions["welcome"] = []


def add_links(app: Flask, *links: Link) -> None:
    """Show more doors, in this order."""
    _links(app).extend(links)


@blp.get("/")
@public
def welcome() -> str:
    """Where a newcomer begins."""
    return render_template("pages/welcome.html", links=_links(current_app))


def _links(app: Flask) -> list[Link]:
    links: list[Link] = app.extensions["welcome"]
    return links
