"""The welcome page, and the registry by which features put links and cards on it."""

from collections.abc import Callable
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


@dataclass(frozen=True)
class Card:
    """A figure or a piece of news that a feature shows on the welcome page."""

    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    href: str = ""


CardMaker = Callable[[], Card | None]


@dataclass(frozen=True)
class _Board:
    links: list[Link]
    cards: list[CardMaker]


def init_welcome(app: Flask) -> None:
    """Give an application an empty board; features fill it from the composition root."""
    app.extensions["welcome"] = _Board([], [])


def add_links(app: Flask, *links: Link) -> None:
    """Show more doors, in this order."""
    _board(app).links.extend(links)


def add_card(app: Flask, maker: CardMaker) -> None:
    """Show what `maker` answers whenever the page is asked for; None shows nothing."""
    _board(app).cards.append(maker)


@blp.get("/")
@public
def welcome() -> str:
    """Where a newcomer begins."""
    board = _board(current_app)
    cards = [card for maker in board.cards if (card := maker()) is not None]
    return render_template("pages/welcome.html", links=board.links, cards=cards)


def _board(app: Flask) -> _Board:
    board: _Board = app.extensions["welcome"]
    return board
