"""A bank that takes payment files from a folder and answers with files in another; shares no code with Handslag."""
