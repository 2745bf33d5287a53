"""Tasks: work items, deadlines, notices."""
