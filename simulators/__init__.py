"""Outside systems as processes of their own, for the demonstration and the tests; they share nothing with the product."""
