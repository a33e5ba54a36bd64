"""Numbered stock: one primitive for every limited thing.

A pool of N units is N rows; to own a unit is to be its holder. Redis decides who may try which
number (`gate`), the database decides who owns it (`units`). `pools` publishes and changes pools,
`rebuilding` makes Redis again from the database, `sweeping` gives back what a crash left, `audit`
compares the two.
"""
