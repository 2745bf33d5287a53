"""A named document about a person, asked for and given; see README.md."""
