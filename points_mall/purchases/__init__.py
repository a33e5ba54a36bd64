"""What members buy for money, whatever the source, and what is refunded of it.

`recording` tells what a payment brings, `refunds` what a refund takes back; both may come in any
order, any number of times, and end the same. Notices are stored first (`inbox`) and applied then.
"""
