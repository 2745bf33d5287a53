"""Invented organisations and people to try the product with. Nobody here exists."""
