"""Tenancy: organisations, their units and staff, and the only two doors to the database."""
