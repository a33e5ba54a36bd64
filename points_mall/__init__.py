"""The shop: points ledger, stock, tiers, coupons, rewards, flash sales, purchases."""
