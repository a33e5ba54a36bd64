"""Anti-abuse: how fast a caller may go, how often in a day, and who may not take part.

Redis keeps the pace and counts who comes from where, for all processes together; when it is away,
each process keeps a stricter pace by itself. What must hold exactly is the database's word: daily
caps (`daily`) and the block list (`blocks`). `rules` weighs what is known of a caller; what it
refuses is recorded with its reasons and can be lifted by staff (`decisions`).
"""
