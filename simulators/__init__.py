"""Outside systems as processes of their own, for demonstration and tests; they share nothing with the product."""
