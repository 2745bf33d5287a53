"""A payer claims back what it has accepted of settled lines (S7); see README.md."""
