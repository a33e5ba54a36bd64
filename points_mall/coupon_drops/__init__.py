"""每天定点限量 · Coupon drops: so many coupons, at an hour that everybody knows.

A plan says what opens when: daily at some hours, every so many minutes, or once. Each opening is a drop
with numbered stock of its own, made ahead; a claim that is won is a coupon.

`schedule` is when (pure), `plans` the merchant's hand and the drops made ahead, `drops` the facts that a
claim needs, `claiming` the storm's way, `shown` the public list, `audit` the proof.
"""
