"""What the shop is worth knowing about itself: figures that stay fast whatever it has grown to.

Rollups are kept by jobs (`services`) out of the ledger, of purchases and of members; `figures` reads
them, `audit` counts again and compares. Nothing here is asked on a hot path.
"""
