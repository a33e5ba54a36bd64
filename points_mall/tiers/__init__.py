"""Tiers: on which step of the ladder a member stands, and what stands open from there.

`ladder` holds the steps, `services` where a member stands, `shown` what the profile tells.
"""
