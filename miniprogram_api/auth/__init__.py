"""Who is asking: signed access tokens, the guards that every route wears, sessions and their end.

A token is verified without a look at any store. What a session is to the outside (WeChat's login)
belongs to `members`, which stands above.
"""
