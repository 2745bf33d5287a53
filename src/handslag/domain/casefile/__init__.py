"""Case file: cases, their periods and who works them."""
