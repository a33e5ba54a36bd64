"""A part of the whole: what one of the packages brings to the application."""

from collections.abc import Callable
from dataclasses import dataclass

import click
import flask

from miniprogram_api.auth.door import Entrance
from miniprogram_api.demo.seeds import Seed
from miniprogram_api.http.api import Blueprint


@dataclass(frozen=True)
class Part:
    """Endpoints, pages and commands of a package, and how it joins what lies below.

    :param api: JSON endpoints, in the order in which the documentation shows them.
    :param pages: what answers with HTML, or is no part of the documented API.
    :param commands: what `flask …` offers.
    :param seeds: demo data by the name that its progress bar shows, in order.
    :param connect: joins events and registries; called once for each application.
    :param entrances: routes on which crowds storm, each with a door.
    """

    api: tuple[Blueprint, ...]
    pages: tuple[flask.Blueprint, ...]
    commands: tuple[click.Command, ...]
    seeds: tuple[tuple[str, Seed], ...]
    connect: Callable[[], None]
    entrances: tuple[Entrance, ...] = ()
