"""What a Swiss municipality delivers each month to the federal office of statistics; see README.md."""
