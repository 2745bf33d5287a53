"""Messages with other organisations: what leaves sealed, what arrives, and what was said of it. Nothing is shared:
each side holds its own copy, equal by digest after every message."""
