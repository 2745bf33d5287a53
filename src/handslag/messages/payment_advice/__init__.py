"""A payer tells whom it pays what, and for which settlements (S6); see README.md."""
