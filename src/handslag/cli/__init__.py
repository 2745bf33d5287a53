"""The commands of `handslag`, one file each, imported only when called."""
