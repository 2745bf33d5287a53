"""A question about a person or lines of her case, and what is answered; see README.md."""
