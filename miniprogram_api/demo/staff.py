"""Staff of the demo, with passwords that only this installation has."""

from miniprogram_api.core.crypto import blind_index
from miniprogram_api.staff import accounts
from miniprogram_api.staff.roles import CASHIER, EDITOR, MANAGER, OWNER

from .seeds import Seeding

PEOPLE = (
    ("owner", OWNER, "王老板"),
    ("manager", MANAGER, "李店长"),
    ("editor", EDITOR, "赵运营"),
    ("cashier", CASHIER, "小陈"),
)


def seed(seeding: Seeding) -> None:
    """One person of each role; their sign-ins stand on the panel."""
    seeding.expect(len(PEOPLE))
    for username, role, name in PEOPLE:
        password = password_of(username)
        if not accounts.exists(username):
            accounts.add(username, password, role.code, name=name)
        seeding.sign_in(username, password, role.code)
        seeding.advance()


def password_of(username: str) -> str:
    """The password of a demo account: follows from this installation's secret, so that it stays."""
    made = blind_index(username, "demo password")
    return "-".join((made[:4], made[4:8], made[8:12]))
