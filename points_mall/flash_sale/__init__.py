"""积分秒杀 · Flash point-sales: few things, many members, one moment.

A sale is one time slot; slots of one campaign share its name. Each item of a sale is one stock pool
whose window is the sale's, and a claim is an order placed through `redemption.placing`.

`sales` keeps the facts that a claim needs, `claiming` is the storm's way, `shown` the public list,
`services` the merchant's hand, `settling` what happens after the end.
"""
