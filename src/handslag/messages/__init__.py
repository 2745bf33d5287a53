"""One folder per message type: what stands in it (`message.py`, from which its JSON Schema 2020-12 is generated), how
it is built here, a README for the other side's engineer, examples that are fixtures and documentation at once."""
