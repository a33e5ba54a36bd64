"""Daily check-in: streaks, milestones and make-ups."""
