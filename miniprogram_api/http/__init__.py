"""Manners of HTTP: problems, strict JSON, cursor pages, idempotency, request ids, figures, health.

Knows no member and no shop. Features declare endpoints on `api.Blueprint`; what goes wrong is said
by `problems` and nowhere else.
"""
