"""Who a member is to WeChat. Members live on the floor above and say so through `connect`."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class _AddressBook:
    openid_of: Callable[[int], str | None] | None = None
    member_of: Callable[[str], int | None] | None = None


_book = _AddressBook()


def connect(
    *, openid_of: Callable[[int], str | None], member_of: Callable[[str], int | None]
) -> None:
    """Say how members are looked up.

    :param openid_of: a member's openid by id; None: the account is closed or has none.
    :param member_of: the member's id by openid; None: nobody of ours.
    """
    _book.openid_of, _book.member_of = openid_of, member_of


def openid_of(member_id: int) -> str | None:
    """The member's openid, if there is one."""
    if _book.openid_of is None:
        raise RuntimeError("nobody has connected the address book")
    return _book.openid_of(member_id)


def member_of(openid: str) -> int | None:
    """The member with that openid, if there is one."""
    if _book.member_of is None:
        raise RuntimeError("nobody has connected the address book")
    return _book.member_of(openid)
