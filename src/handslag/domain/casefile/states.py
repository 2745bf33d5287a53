"""States of a case."""

from django.db.models import TextChoices


class CaseState(TextChoices):
    OPEN = "open"
    CLOSED = "closed"
