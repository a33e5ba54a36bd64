"""Tiers: on which step of the ladder a member stands, and what stands open from there.

`terms` and `ladder` hold the steps, `standing` tells where somebody stands from everything that
happened, `growing` hears of purchases and refunds, `services` answers and moves by hand.
"""
