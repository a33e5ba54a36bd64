"""The catalogue: rewards that points can buy, their variants, prices, windows and stock.

`services` publishes and changes rewards, `shelf` shows them to a shopper, `offers` says what one
costs right now. Who takes one is the business of `redemption`, which stands above.
"""
