"""Electronic identification: who is at the other end, and what did they sign."""
