"""A municipality or an institution asks a payer to approve a cost before it arises (K1, K2); see README.md."""
