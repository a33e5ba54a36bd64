"""What people in the shop are, the least first; whoever is more may do what those below may. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """A role and its rank on the ladder."""

    code: str
    rank: int
    name_zh: str
    name_en: str


CASHIER = Role("cashier", 0, "收银员", "Cashier")
EDITOR = Role("editor", 1, "运营", "Editor")
MANAGER = Role("manager", 2, "店长", "Manager")
OWNER = Role("owner", 3, "老板", "Owner")

ROLES = (CASHIER, EDITOR, MANAGER, OWNER)
_BY_CODE = {role.code: role for role in ROLES}
CODES = tuple(_BY_CODE)


def role_of(code: str) -> Role:
    """The role of a code that was checked when it came in."""
    return _BY_CODE[code]


def may(code: str, needed: str) -> bool:
    """Whether somebody of one role may do what another role may."""
    return role_of(code).rank >= role_of(needed).rank
