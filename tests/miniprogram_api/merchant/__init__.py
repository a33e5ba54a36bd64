"""What the merchant's pages share."""
