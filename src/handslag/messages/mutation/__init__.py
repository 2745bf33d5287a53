"""Something changes for asylum persons: municipality and canton tell each other (F3); see README.md."""
