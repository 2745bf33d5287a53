"""The case system that this product stands in front of: see port.py."""
