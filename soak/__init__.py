"""Full-size fault, fuzz and property runs: `./dev soak [NAME]`.

Each is a module `soak/<name>.py` with

    WHAT     one sentence: what a round does and what must hold
    ROUNDS   how many rounds the run has
    setting  a context manager that prepares what all rounds share and yields it
    round    round(setting, number, random, counts) -> list of findings, empty when all held;
             counts is a Counter for what shows that the round was no empty one
    APART    True where no round knows of another one: `--processes 2` plays two at the same time

A run can be stopped at any time; started again it goes on where it was. Round n draws only from a generator
seeded with (seed, n), so that every round can be repeated alone. At the end the evidence is written to
docs/evidence/<name>.json.
"""
