"""A municipality that messages are tried out with: see README.md beside this file."""
