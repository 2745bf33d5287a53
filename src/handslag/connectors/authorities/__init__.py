"""What other authorities know of a person: the port and its implementations."""
