"""What comes off a bill, step by step and line by line.

`pricing` applies the steps in their declared order, `usable` says why a coupon is not taken,
`choosing` finds the set of coupons with which the member pays least, `showing` tells what each would
take, `refunding` divides what goes back: all pure, without database, clock or request. The shop's own
threshold offers are kept by `offer_book`.

Points as cash and the wallet are means of payment: they come after the price.
"""
