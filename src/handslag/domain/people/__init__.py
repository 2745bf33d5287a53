"""People: identifiers, names, addresses, households over time, accounts, representation."""
