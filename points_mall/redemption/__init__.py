"""Orders paid in points: placed through the gate, fulfilled at the counter or by post, cancelled.

`placing` is the one way in, for rewards and for flash sales alike; `services` is what happens later.
"""
