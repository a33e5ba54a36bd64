"""What stands in the merchant's navigation: doors that features join, shown to those who may enter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from miniprogram_api.staff.roles import may


@dataclass(frozen=True)
class Group:
    """A part of the navigation."""

    rank: int
    zh: str
    en: str


TOP = Group(0, "", "")
PEOPLE = Group(1, "会员", "Members")
PLAY = Group(2, "活动", "Events")
SHOP = Group(3, "商城", "Shop")
BOOKS = Group(4, "账务", "Books")
HOUSE = Group(5, "店铺", "House")


@dataclass(frozen=True)
class Door:
    """A page's place in the navigation.

    :param icon: the id of a symbol in `vendor/tabler-icons/sprite.svg`.
    :param role: the least role that may enter; it is the page's own guard that keeps others out.
    :param rank: its place within the group.
    :param count: how much waits behind it; asked on every page of those who may enter.
    """

    href: str
    zh: str
    en: str
    icon: str
    group: Group
    role: str = "editor"
    rank: int = 50
    count: Callable[[], int] | None = None


_doors: dict[str, Door] = {}


def add_door(door: Door) -> None:
    """Show a page in the navigation; a repeat changes nothing."""
    _doors[door.href] = door


def doors_for(role: str) -> list[tuple[Group, Sequence[Door]]]:
    """The doors that a role may enter, by group and rank."""
    open_to = sorted(
        (door for door in _doors.values() if may(role, door.role)),
        key=lambda door: (door.group.rank, door.rank, door.href),
    )
    return [(group, list(doors)) for group, doors in groupby(open_to, key=lambda door: door.group)]


def is_here(door: Door, path: str) -> bool:
    """Whether a page belongs to a door: its own page, or one below."""
    return path == door.href or (door.href != "/admin" and path.startswith(f"{door.href}/"))
