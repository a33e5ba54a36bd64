"""Repeats are ordinary: who asks again with the same key hears the first answer."""
