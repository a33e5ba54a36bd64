"""What features beside and above may want to hear of, always for a whole list at once.

Handlers run in the transaction that records, after everything was written; the members' accounts
are locked. They take keyword arguments.
"""

from miniprogram_api.core.events import Event

purchases_paid = Event("purchases_paid")
"""Purchases that are paid and have taken effect: `purchases`, a list of `PurchaseRecord`.

Those that have no member yet are not among them; they are once they have."""

purchases_refunded = Event("purchases_refunded")
"""Refunds that were applied: `refunds`, a list of pairs (`PurchaseRecord`, `RefundRecord`).

Those of purchases that were paid too late are among them; these moved nothing but cash."""

paid_too_late = Event("paid_too_late")
"""Purchases that were paid after they had been closed: `purchases`, a list of `PurchaseRecord`.
Nothing of them took effect; their cash is to be sent back."""
