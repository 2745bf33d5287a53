"""Who agreed to bear a cost before it arose: what a payer's rules say of kinds of cost, and what it has approved."""
