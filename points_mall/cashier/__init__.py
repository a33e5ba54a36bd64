"""The counter: tills, member codes, scans, quotes, sales, refunds, pick-ups, shifts.

What a sale moves is recorded by `purchases`, what comes off it is found by `discounts`; here stands who
may do it, at which till, for whom, and once.
"""
