"""Money, months, identifiers, clock: plain Python that knows nothing else of the product."""
