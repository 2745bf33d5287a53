"""What the receiver of a message says of it; see README.md."""
