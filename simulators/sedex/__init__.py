"""A sedex client for each participant, and what is between them, in folders; shares no code with Handslag."""
