"""Where requests enter: host names, sessions, who it is, the door, the read log."""
