"""A case goes with a person who moves to another municipality."""
