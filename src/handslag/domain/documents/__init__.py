"""Documents: files with their digest and provenance, and the dated texts of legal effect."""
