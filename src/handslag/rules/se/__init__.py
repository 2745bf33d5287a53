"""Sweden: ekonomiskt bistånd (riksnorm, skäliga kostnader, inkomster)."""
