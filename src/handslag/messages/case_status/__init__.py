"""What a case system says of a case: status, decisions, payments; see README.md."""
