"""The benchmark rule: the riksnorm of 2019 with rent ceilings and a disregard of 25 % of some wages.

Valid only as a measure: amounts of 2019, ceilings of one city, invented other incomes. Written as every rule here is
(`rule.py`, `norms.yaml`), and once more for OpenFisca, which runs in an environment of its own (`openfisca.py`).
"""
