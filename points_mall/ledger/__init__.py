"""The points ledger: append-only entries, lots that say what is left of each credit, and an audit.

Its verbs are in `posting`; reading is in `statements`; proof is in `audit`. Nothing here knows HTTP
but `routes` and `schemas`.
"""
