"""Numbered stock: one primitive for every limited thing.

A pool of N units is N rows; to own a unit is to be its holder. Redis decides who may try which
number (`gate`), the database decides who owns it (`units`). `taking` brings a group of wishes from one
to the other, `claiming` is what each kind of claim does within its transaction, `door` turns the
sold-out crowd away. `pools` publishes and changes pools, `preparing` has them in Redis in time,
`rebuilding` makes Redis again from the database, `sweeping` gives back what a crash left, `audit`
compares the two.
"""
