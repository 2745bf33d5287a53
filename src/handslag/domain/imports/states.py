"""How an import stands, what tables it has, and why a row isn't taken."""

from typing import Final

from django.db.models import TextChoices


class ImportState(TextChoices):
    VERIFIED = "verified"  # read and checked; whoever brought it looks at it
    IMPORTED = "imported"  # waits for a second person
    CONFIRMED = "confirmed"  # goes into the register
    CARRIED = "carried"  # is in the register


class Table(TextChoices):
    PERSONS = "persons"
    CLAIMS = "claims"
    ITEMS = "items"


class Fault(TextChoices):
    COLUMNS = "COLUMNS"
    MISSING = "MISSING"
    LONG = "LONG"
    DAY = "DAY"
    AMOUNT = "AMOUNT"
    NUMBER = "NUMBER"
    TWICE = "TWICE"
    MUNICIPALITY = "MUNICIPALITY"
    STATUS = "STATUS"
    REGIME = "REGIME"
    ORDER = "ORDER"
    TO_COME = "TO_COME"
    NAME = "NAME"
    NOT_HERE = "NOT_HERE"
    KNOWN = "KNOWN"
    NO_PERSON = "NO_PERSON"
    OVERLAP = "OVERLAP"
    SUM = "SUM"
    POSTED = "POSTED"


#: The columns of each table, as its first line names them.
COLUMNS: Final[dict[Table, tuple[str, ...]]] = {
    Table.PERSONS: ("number", "given_name", "family_name", "birth_on", "municipality", "since", "status",
                    "status_since", "entry_on"),
    Table.CLAIMS: ("number", "municipality", "since", "last_on"),
    Table.ITEMS: ("reference", "municipality", "regime", "since", "last_on", "claimed", "cut", "accepted", "paid",
                  "open"),
}  # fmt: skip
#: Columns of money, in minor units once they are read.
MONEY: Final = ("claimed", "cut", "accepted", "paid", "open")
#: Columns that may be empty.
OPTIONAL: Final = frozenset({"given_name", "cut", "accepted", "paid"})
