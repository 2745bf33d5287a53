"""Where a document comes from, how long it is kept, whether its scan is done."""

from django.db.models import TextChoices


class Provenance(TextChoices):
    APPLICANT = "applicant"
    STAFF = "staff"
    SYSTEM = "system"
    AUTHORITY = "authority"


class RetentionClass(TextChoices):
    PERSONAL_FILE = "personal_file"  # five years after the last entry; exceptions in the pack of the country
    PAYMENT = "payment"  # accounts: seven years after the year


class ScanState(TextChoices):
    WAITING = "waiting"
    CLEAN = "clean"
    INFECTED = "infected"
    OWN = "own"  # made by this installation: nothing to scan
