"""Open interfaces over HTTP for portals, other case systems and whoever wants to check a calculation."""
