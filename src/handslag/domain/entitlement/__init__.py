"""Entitlement: facts of a period, sheets computed from them."""
