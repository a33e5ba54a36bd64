"""The wallet: money that a member has with the shop, in fen, with a ledger of its own.

What was paid in (the principal) and what was given (the bonus) are kept apart; neither is ever mixed
with points. The verbs are in `posting`; reading is in `statements`; proof is in `audit`.
"""
