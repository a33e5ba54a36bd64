"""Coupons: what they promise, how members come by them, and how each is used once.

`terms` and `validity` hold the rules, pure; `templates` their versions; `issuing` gives coupons,
`holding` locks, uses and unlocks them, `restoring` brings them back after a refund. What a coupon takes
off a bill is not known here: see `discounts`.
"""
