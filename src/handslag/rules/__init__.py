"""The law: facts and norms in, a sheet of lines out. Plain Python and NumPy; imports kernel only."""
