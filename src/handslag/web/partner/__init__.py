"""The counter of an institution: its people, what it asked payers for, and its money."""
