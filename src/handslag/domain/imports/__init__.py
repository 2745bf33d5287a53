"""A register that a canton brings from another system: verified, imported, confirmed by a second person, or undone."""
