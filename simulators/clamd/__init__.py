"""A virus scanner's daemon that can say "infected"; shares no code with Handslag."""
