"""What happens to orders, for the features above that follow it."""

from miniprogram_api.core.events import Event

orders_cancelled = Event("orders_cancelled")
"""Orders were cancelled, with `order_nos` and `why`; in the transaction that cancels them.

Their members' accounts are locked.
"""

order_sent = Event("order_sent")
"""An order was shipped or handed over, with `order_no`; in the transaction of that step."""
