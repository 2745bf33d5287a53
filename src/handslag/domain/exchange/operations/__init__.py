"""Writes of the exchange: what leaves, what arrives, and how the courier carries it from one to the other."""
