"""An accepted application, for the case system that works the case; see README.md."""
