"""What a change of norms would cost, and for whom: a population, months, the norms before and after."""
