"""Work that happens later: written with the fact it follows, carried by dramatiq, run at least once.

`registry` names the work, `outbox` writes it down, `carrier` hands it over, `engine` runs it,
`sweep` mends what was lost, `schedule` writes what is due by the calendar. See `docs/jobs.md`.
"""
