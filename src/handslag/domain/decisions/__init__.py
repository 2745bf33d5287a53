"""Decisions: proposed by one, taken by another, served by letter."""
