"""What features above may want to hear of."""

from miniprogram_api.core.events import Event

member_enrolled = Event("member_enrolled")
"""A new member: `member_id`, `joined_at`. In the transaction that enrols."""

member_closing = Event("member_closing")
"""An account is about to be closed: `member_id`. In the transaction that closes, before anything of
the member is erased: forfeit points, void holds, delete what is personal."""
