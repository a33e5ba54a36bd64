"""What a feature gives to members, of whatever kind: points here, other kinds join from above.

A rule names rewards; `kinds` knows who can give them; `granting` gives a whole list at once.
"""
