"""A municipality notifies a case under section 44 to its canton (F1); see README.md."""
