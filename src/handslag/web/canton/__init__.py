"""The counter between a canton and its municipalities: who is assigned where, and the register by day."""
