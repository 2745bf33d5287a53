"""A case system of another maker that can say no; shares no code with Handslag."""
