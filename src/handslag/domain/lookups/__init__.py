"""What other authorities were asked about the adults of a case, and what came: look-ups, answers, fetched lines."""
