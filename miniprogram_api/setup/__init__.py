"""The first run of a real installation, and what its owner looks at afterwards.

`links` gives the one-time link, `pages` are the steps before there is an owner, `owner_pages` those after;
`steps` is where features join with their first rules. `checks` and `settings_pages` stay of use for ever.
"""
