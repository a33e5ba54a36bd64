"""How fast the shop is, as a ratio to a bare Flask route in the same server process.

`make bench` runs everything; `python -m benchmarks --help` tells how to run less. Answers are checked
as they come and the database afterwards: a benchmark that answered wrongly fails. docs/performance.md
says what was measured and where the time goes.
"""
