"""What a purchase earns: versioned rules, exact rates, multipliers, caps, and the reason for each point."""
