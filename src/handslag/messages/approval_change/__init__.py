"""A payer changes or ends what it approved (K2); see README.md."""
