"""What features above may want to hear of."""

from miniprogram_api.core.events import Event

blocked_members_changed = Event("blocked_members_changed")
"""Somebody was blocked or unblocked: no facts, ask `blocks.blocked_members`. In the transaction that
says so."""
