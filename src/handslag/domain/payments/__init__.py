"""Payments: the case account, payments, payment runs and their files."""
