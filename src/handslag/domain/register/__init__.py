"""Which municipality is responsible for an asylum person, who reimburses it, and what her status is, day by day."""
