"""Those who work in the shop: accounts, roles, passwords, a second factor, sessions, what they did.

`signing_in` opens sessions, `guards` believes them, `accounts` keeps people, `audit` remembers acts.
"""
