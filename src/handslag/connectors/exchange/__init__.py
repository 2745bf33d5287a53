"""Another installation, with which messages are exchanged."""
