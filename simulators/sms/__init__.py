"""A gateway for text messages that can say no; shares no code with Handslag."""
