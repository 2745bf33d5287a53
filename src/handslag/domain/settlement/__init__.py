"""Settlement: what a municipality claims from whoever reimburses it, line by line, and what is answered."""
