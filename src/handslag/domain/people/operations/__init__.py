"""Writes on people, one file per noun."""
