"""Running the product: embedded PostgreSQL, database roles, the tree of processes."""
