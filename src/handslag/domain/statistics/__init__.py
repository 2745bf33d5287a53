"""What is owed to the national statistics: who was granted support in which month, and why she lacks a living."""
