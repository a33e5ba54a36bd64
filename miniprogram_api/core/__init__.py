"""What has no feature: settings, database, Redis, clock, errors, events, ids, cryptography, logs.

Nothing here knows HTTP, WeChat or the shop.
"""
